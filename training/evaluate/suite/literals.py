"""The literals that gold queries compare columns with, and their neighbours. Called by build.py.

A variant tells `<` from `<=` only if it holds the very value that is compared with, and one on each side of it.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from training.sql.parse import parse_select

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Like, exp.ILike)
_YEARS = range(1900, 2101)
# Where all orders are paid, only one that is not can tell whether a query asks for those that are.
_OTHER = "none of these"


def literals_by_column(statements: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Collects what each column is compared with.

    Args:
        statements: Gold queries.

    Returns:
        Column name (of whatever table) → texts, and one that is none of them; not all are values of the column's type.

    Raises:
        SqlError: A text is not one query.
    """
    found: dict[str, set[str]] = {}
    for statement in statements:
        for comparison in parse_select(statement).find_all(*_COMPARISONS):
            columns = {column.name for column in comparison.find_all(exp.Column)}
            for literal in comparison.find_all(exp.Literal):
                for column in columns:
                    found.setdefault(column, set()).update(neighbours(literal.name))
    return {column: (*sorted(texts), _OTHER) for column, texts in sorted(found.items())}


def neighbours(text: str) -> set[str]:
    """Gives a literal with the values next to it.

    Args:
        text: A literal without quotes.

    Returns:
        Of a number, it and one less and more; of a year, also its first and last day and the days beside them; of a
        date, it and the days beside it; of another text, it without the wildcards of LIKE.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = None
    if number is not None and number.is_finite():
        texts = {str(number), str(number - 1), str(number + 1)}
        if number in _YEARS:
            for day in (date(int(number), 1, 1), date(int(number), 12, 31)):
                texts |= _days_around(day)
        return texts
    try:
        return _days_around(date.fromisoformat(text[:10])) | {text}
    except ValueError:
        return {text.strip("%_")}


def _days_around(day: date) -> set[str]:
    return {(day + timedelta(days)).isoformat() for days in (-1, 0, 1)}
