"""`python -m dagster_project.benchmarks warehouse`: runs a benchmark; its last line is one object of JSON.

Run as: `python -m dagster_project.benchmarks warehouse [--lines 10000,100000,1000000] [--out FILE]`.
"""

import argparse
import json
import signal
import sys
from pathlib import Path

from dagster_project.benchmarks.pgbadger import PgBadgerMissing
from dagster_project.benchmarks.warehouse import measure_warehouse


def main(arguments: list[str]) -> int:
    """Runs the benchmark that the arguments name.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit status: 0 done, 1 the baseline is not installed.
    """
    parser = argparse.ArgumentParser(prog="python -m dagster_project.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=["warehouse"])
    parser.add_argument("--lines", default="10000,100000,1000000", help="lengths of the logs (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="file for the JSON")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server it started is stopped
    try:
        sizes = sorted(int(size) for size in options.lines.split(","))
    except ValueError:
        parser.error(f"--lines is {options.lines!r}: give numbers with commas, such as 10000,100000")
    try:
        result = measure_warehouse(sizes, lambda line: sys.stdout.write(f"{line}\n") and sys.stdout.flush())
    except PgBadgerMissing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if options.out:
        options.out.write_text(f"{json.dumps(result, indent=2)}\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(result)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
