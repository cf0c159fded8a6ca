"""Which of several answers to a question is taken: the one given most often among those that the guard accepts.

Without torch: used by checked.py on a model in this process, and by the API on models of other processes.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date

from training.sql.canonical import canonicalize
from training.sql.catalog import Catalog
from training.sql.errors import SqlError
from training.sql.guard import check

DRAWS = 8
TEMPERATURE = 0.7
_DATE = re.compile(r"\bdate '(\d{4}-\d\d-\d\d)'")


def may_run(sql: str, catalog: Catalog) -> bool:
    """Tells whether an answer can be taken as it is.

    Args:
        sql: What a model wrote.
        catalog: The tables that it may read.

    Returns:
        True where the guard accepts it and its dates are dates.
    """
    return check(sql, catalog).allowed and all(map(_is_date, _DATE.findall(sql)))


def choose(first: str, drawn: Sequence[str], catalog: Catalog) -> str:
    """Chooses among answers of which the first is not accepted.

    Args:
        first: The most likely answer, which stands where no other is accepted.
        drawn: Others; those that mean the same are counted together.
        catalog: The tables that they may read.

    Returns:
        An accepted answer in canonical form, or the first.
    """
    accepted = Counter(form for sql in drawn if (form := _accepted(sql, catalog)) is not None)
    return accepted.most_common(1)[0][0] if accepted else first


def _accepted(sql: str, catalog: Catalog) -> str | None:
    """The canonical form of an answer that the guard accepts."""
    if not may_run(sql, catalog):
        return None
    try:
        return canonicalize(sql, catalog)
    except SqlError:
        return sql


def _is_date(text: str) -> bool:
    """Whether a literal of a date's form is one: a model that counts months up to 13 writes some that are not."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
