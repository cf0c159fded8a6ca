"""`python -m training.benchmarks NAME`: runs a benchmark, prints its rows, and ends with one line of JSON.

Run as: `python -m training.benchmarks attention [--repeats N] [--out FILE]`, or
`python -m training.benchmarks text_to_sql --data DIR`.
"""

import argparse
import json
import sys
from pathlib import Path

from training.benchmarks.attention import measure_attention
from training.benchmarks.text_to_sql.command import main as text_to_sql

_BENCHMARKS = {"attention": measure_attention}


def main(arguments: list[str]) -> int:
    """Runs the benchmark that the arguments name.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit status.
    """
    if arguments[:1] == ["text_to_sql"]:  # it has options of its own
        return text_to_sql(arguments[1:])
    parser = argparse.ArgumentParser(prog="python -m training.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(_BENCHMARKS))
    parser.add_argument("--repeats", type=int, default=10, help="timed repetitions of each side (default: 10)")
    parser.add_argument("--out", type=Path, help="file for the JSON")
    options = parser.parse_args(arguments)
    result = _BENCHMARKS[options.name](options.repeats, lambda line: sys.stdout.write(f"{line}\n"))
    text = json.dumps(result)
    sys.stdout.write(f"{text}\n")
    if options.out:
        options.out.write_text(f"{json.dumps(result, indent=2)}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
