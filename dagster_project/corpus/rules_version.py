"""The version of the rules that a pair is judged by. Called by `validation.py`, which stores it with each verdict.

A number that somebody must raise is forgotten one day, and pairs in an older canonical form stay in the corpus. So it
is the hash of the sources themselves: every file of `training/sql`, what compares with the business, and the release
of the parser whose tree the canonical form is written from. The price: a changed comment has all pairs judged again.
"""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import training.sql

_RULES = Path(training.sql.__file__).parent
_COMPARISON = ("validation.py", "parity.py", "production_statements.py", "raw_lines.sql", "candidate_tokens.sql")
_DIGITS = 16


def files_that_decide() -> list[Path]:
    """Returns the source files that a verdict depends on, in a fixed order."""
    rules = sorted(path for path in _RULES.iterdir() if path.suffix in (".py", ".txt"))
    return [*rules, *(Path(__file__).with_name(name) for name in _COMPARISON)]


@cache
def rules_version() -> str:
    """Returns the version of the rules in force: 16 hexadecimal digits of a SHA-256."""
    return version_of(files_that_decide(), version("sqlglot"))


def version_of(files: list[Path], parser: str) -> str:
    """Hashes sources and the parser's release; where they lie on the disk does not matter.

    Args:
        files: source files, in a fixed order.
        parser: sqlglot's version.
    """
    digest = hashlib.sha256(parser.encode())
    for path in files:
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:_DIGITS]
