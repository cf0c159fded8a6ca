"""`python -m training.benchmarks text_to_sql --data DIR`: its options, its files, its last line of JSON.

Called by `training/benchmarks/__main__.py`.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from training.benchmarks.text_to_sql.source import SPLITS
from training.errors import BadInput, TrainingFailed

_FAILED, _BAD_INPUT, _TERMINATED, _INTERRUPTED = 1, 2, 143, 130
_CONFIG = Path(__file__).parents[2] / "configs" / "smollm2-135m-geoquery.yaml"


def main(arguments: Sequence[str]) -> int:
    """Runs the benchmark.

    Args:
        arguments: What follows `text_to_sql`.

    Returns:
        The exit status: 0; 1 if a step failed; 2 if the input is wrong; 130 or 143 if a signal ended it.
    """
    options = _parser().parse_args(arguments)
    # From here on the server is stopped however this ends: a plain SIGTERM would leave it running.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    try:
        return _run(options)
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(options: argparse.Namespace) -> int:
    from training.benchmarks.text_to_sql.result import markdown  # torch takes seconds, and `--help` needs none
    from training.benchmarks.text_to_sql.run import CommandEnded, run_benchmark

    splits = SPLITS if options.split is None else (options.split,)
    try:
        result = run_benchmark(
            options.data,
            options.out,
            options.config,
            options.base_model,
            options.eval_split,
            splits,
            _say,
            options.candidates,
        )
        (options.out / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        (options.out / "result.md").write_text(markdown(result), encoding="utf-8")
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        return _BAD_INPUT
    except TrainingFailed as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    except CommandEnded as error:
        return error.status
    except KeyboardInterrupt:
        return _INTERRUPTED
    _say(markdown(result))
    _say(json.dumps(result))
    return 0


def _parser() -> argparse.ArgumentParser:
    home = Path(os.environ.get("AUDITUNE_HOME", ".auditune"))
    parser = argparse.ArgumentParser(prog="python -m training.benchmarks text_to_sql")
    parser.add_argument("--data", type=Path, required=True, help="folder with schema.sql, <table>.csv and pairs.jsonl")
    parser.add_argument("--eval-split", choices=("dev", "test"), default="dev", help="part to judge on (default: dev)")
    parser.add_argument("--split", choices=SPLITS, help="train and judge on this one only; default: both")
    parser.add_argument("--config", type=Path, default=_CONFIG, help=f"preset (default: {_CONFIG.name})")
    parser.add_argument("--base-model", help="GGUF file, folder or Hugging Face id; default: the preset's")
    parser.add_argument(
        "--candidates",
        type=int,
        choices=range(1, 17),
        default=1,
        metavar="K",
        help="measure as well what it gains to run K answers to each question and let their results decide",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=home / "benchmarks" / "text_to_sql",
        help="folder for result.json, result.md and what led to them (default: %(default)s)",
    )
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line.rstrip()}\n")
    sys.stdout.flush()
