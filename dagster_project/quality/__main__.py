"""Asks the corpus rules and prints what they say, without writing it to the warehouse: to see what a change does.

Run as: `. .auditune/env; .venv/bin/python -m dagster_project.quality [CODE …]`. The exit code is 1 where a blocking
rule is broken.
"""

import argparse
import sys

from dagster_project.corpus.settings import CorpusSettings
from dagster_project.quality.codes import RULES
from dagster_project.quality.validate import validate_corpus
from dagster_project.warehouse.settings import Warehouse


def main(arguments: list[str]) -> int:
    """Prints one line a rule: whether it holds, its code, how many rows break it, what it asks for."""
    parser = argparse.ArgumentParser(prog="python -m dagster_project.quality", description=__doc__.splitlines()[0])
    parser.add_argument("codes", nargs="*", metavar="CODE", help="a rule's code; all rules where none is given")
    codes = parser.parse_args(arguments).codes
    unknown = sorted(set(codes) - set(RULES))
    if unknown:
        parser.error(f"no rule is called {', '.join(unknown)}: the codes are in dagster_project/quality/codes.py")
    results = validate_corpus(Warehouse.load().dsn, CorpusSettings().min_pairs, codes=codes)
    for result in results:
        verdict = "holds" if result.is_success else "STOPS" if result.is_blocking else "warns"
        found = "" if result.is_success else str(result.unexpected_count or result.observed or "")
        sys.stdout.write(f"{verdict:5}  {result.rule_code:22}  {found:>6}  {result.description}\n")
    return int(any(not result.is_success and result.is_blocking for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
