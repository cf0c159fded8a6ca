"""`python -m training.benchmarks NAME`: runs a benchmark, prints its rows, and ends with one line of JSON.

Run as: `python -m training.benchmarks attention`, `… shared_prefix`, `… step_profile`, or with
`--data DIR` `… text_to_sql` and `… ablations`; `--help` behind the name lists its options.
"""

import argparse
import json
import sys
from pathlib import Path

from training.benchmarks import attention, shared_prefix, step_profile
from training.benchmarks.text_to_sql.command import main as on_text_to_sql
from training.errors import BadInput, TrainingFailed

_WITH_OWN_OPTIONS = ("text_to_sql", "ablations")
# Each declares its options, and measures with them.
_BENCHMARKS = {
    "attention": (attention.add_options, attention.measure_attention),
    "shared_prefix": (shared_prefix.add_options, shared_prefix.measure_shared_prefix),
    "step_profile": (step_profile.add_options, step_profile.measure_step_profile),
}


def main(arguments: list[str]) -> int:
    """Runs the benchmark that the arguments name.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit status.
    """
    if arguments and arguments[0] in _WITH_OWN_OPTIONS:
        return on_text_to_sql(arguments[0], arguments[1:])
    parser = argparse.ArgumentParser(prog="python -m training.benchmarks", description=__doc__.splitlines()[0])
    names = parser.add_subparsers(dest="name", required=True)
    for name, (add_options, _) in _BENCHMARKS.items():
        options_of_name = names.add_parser(name)
        add_options(options_of_name)
        options_of_name.add_argument("--out", type=Path, help="file for the JSON")
    for name in _WITH_OWN_OPTIONS:  # so that help and a mistyped name show them too
        names.add_parser(name)
    options = parser.parse_args(arguments)
    try:
        result = _BENCHMARKS[options.name][1](options, _report)
    except (BadInput, TrainingFailed) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if options.out:
        options.out.write_text(f"{json.dumps(result, indent=2)}\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(result)}\n")
    return 0


def _report(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
