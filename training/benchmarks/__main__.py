"""`python -m training.benchmarks NAME`: runs a benchmark, prints its rows, and ends with one line of JSON.

Run as: `python -m training.benchmarks attention [--repeats N] [--out FILE]`.
"""

import argparse
import json
import sys
from pathlib import Path

from training.benchmarks.attention import measure_attention

_BENCHMARKS = {"attention": measure_attention}


def main(arguments: list[str]) -> int:
    """Runs the benchmark that the arguments name.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit status.
    """
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
