"""`python -m serving.benchmarks`: the API's engine against others on the same questions; the last line is JSON.

Run as: `python -m serving.benchmarks [--clients 1,4,16] [--questions 40] [--out FILE]`, after `make run`; or with
`--adapter FOLDER --data FOLDER`, what `python -m training train` wrote and read.

    engine           as served: merged adapter, schema read beforehand, grammar, guard
    plain_generate   peft's model and transformers' generate, as many questions in a batch as there are clients
    llama_server     llama.cpp's on the adapter exported as GGUF, where `llama-server` is on the PATH
    api              the API's own time around a model that takes none
    grammar          seconds to compile that of a catalog of 500 tables
    drawn            what is drawn inside the grammar, also for questions that try to get through
"""

import argparse
import json
import os
import sys
from pathlib import Path

from serving.benchmarks.alone import alone
from serving.benchmarks.comparison import Comparison
from serving.benchmarks.questions import current_dataset
from serving.benchmarks.timing import tell
from training.errors import BadInput, TrainingFailed
from training.export.source import open_adapter
from training.registry.settings import RegistrySettings

_WEIGHTS = ("q8_0", "bf16", "f16", "f32")


def main(arguments: list[str]) -> int:
    """Measures.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit status: 0 done, 1 with one sentence where it cannot be measured.
    """
    parser = argparse.ArgumentParser(prog="python -m serving.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--clients", default="1,4,16", help="clients that ask at a time (default: %(default)s)")
    parser.add_argument("--questions", type=int, default=40, help="asked for each number of clients (%(default)s)")
    parser.add_argument("--plain-questions", type=int, default=16, help="asked of plain generate (%(default)s)")
    parser.add_argument("--requests", type=int, default=2000, help="of the API around a stub model (%(default)s)")
    parser.add_argument("--drawn", type=int, default=1000, help="answers drawn at each temperature (%(default)s)")
    parser.add_argument("--adapter", default="champion", help="folder, or id or alias in the registry (%(default)s)")
    parser.add_argument("--base-model", help="base model of the adapter (default: its own)")
    parser.add_argument("--data", type=Path, help="dataset folder (default: the pipeline's last one)")
    parser.add_argument("--gguf", choices=_WEIGHTS, default="q8_0", help="weights for llama.cpp (%(default)s)")
    parser.add_argument("--out", type=Path, help="file for the JSON")
    options = parser.parse_args(arguments)
    try:
        clients = sorted({int(number) for number in options.clients.split(",")})
    except ValueError:
        parser.error(f"--clients is {options.clients!r}: give numbers with commas, such as 1,4,16")
    if min(*clients, options.questions, options.plain_questions, options.requests) < 1 or options.drawn < 0:
        parser.error("give numbers above 0")
    try:
        result = _measure(options, clients)
    except (BadInput, TrainingFailed) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if options.out:
        options.out.write_text(f"{json.dumps(result, indent=2)}\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(result)}\n")
    return 0


def _measure(options: argparse.Namespace, clients: list[int]) -> dict:
    data = options.data or current_dataset(RegistrySettings.from_environment().home)
    with open_adapter(options.adapter) as source:
        base_model = options.base_model or source.find_base_model()
        comparison = Comparison(base_model, source.folder, data, tell)
        return {
            "engine": alone(comparison.measure_engine, clients, options.questions),
            "drawn": alone(comparison.measure_drawn, options.drawn),
            "plain_generate": alone(comparison.measure_plain, clients, options.plain_questions),
            "llama_server": alone(comparison.measure_llama, clients, options.questions, options.gguf),
            "api": comparison.measure_api(options.requests),
            "grammar": comparison.measure_grammar(),
            **comparison.setting(),
            "cores": os.cpu_count(),
        }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
