"""Decides whether two executions returned the same answer, and if not, what is wrong with the second.

Called by the evaluation and by the pipeline's validation. Rows come from the server through a cursor, at most the
executor's cap (`sandbox`), and are compared as values, never as text:

- rows are a multiset: each must be there as often. Order counts only between groups of rows that are not equal in the
  gold query's ORDER BY (`ordering`); rows of one group may stand in any order.
- columns stand in the gold query's order, or in another where both results give the same different name to each.
- null equals null alone. A date equals the timestamp of its midnight. Arrays and JSON are compared element by element,
  JSON objects without the order of their keys.
- whole numbers are equal or not. Others are equal within 1e-12 of the larger one where both are exact (integer,
  numeric), within 1e-9 where one is floating point; and within 1e-12 or 1e-9 absolute, for what should be zero.
  Of many numbers in a column, those that are so near to each other are one class, and rows are compared by class: so
  equality is symmetric and does not depend on the rows' order.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from psycopg.types.multirange import Multirange

from training.sql.sandbox import Execution

EMPTY, WRONG_COLUMNS, WRONG_ROWS, WRONG_ORDER = "empty", "wrong_columns", "wrong_rows", "wrong_order"

_EXACT, _FLOATING = Decimal("1e-12"), Decimal("1e-9")
_WHOLE_BELOW = 2**53  # from here on a double skips whole numbers
_Row = tuple[Any, ...]


def same_result(gold: Execution, predicted: Execution, *, ordered: bool) -> bool:
    """Whether two queries answered alike.

    Args:
        gold: One execution.
        predicted: The other.
        ordered: Whether the order of all rows counts.

    Returns:
        True where both ran, have the same number of columns (names do not matter) and the same rows, each as often.
        False where a result was cut at the row cap, as the rest is unknown.
    """
    return difference(gold, predicted, range(gold.row_count) if ordered else None) is None


def difference(gold: Execution, predicted: Execution, blocks: Sequence[int] | None) -> str | None:
    """Finds what is wrong with an answer.

    Args:
        gold: The execution of the right query.
        predicted: The execution of the query to judge.
        blocks: A number for each of the gold's rows; rows with the same number may change places, others not. None
            where no order counts.

    Returns:
        None where both are the same; `empty` where the gold has rows and the other has none; `wrong_columns` for
        another number of columns; `wrong_order` for the right rows in the wrong order; else `wrong_rows`, also where
        one of them failed or was cut at the row cap.
    """
    if gold.rows is None or predicted.rows is None or gold.is_truncated or predicted.is_truncated:
        return WRONG_ROWS
    if gold.rows and not predicted.rows:
        return EMPTY
    if len(gold.columns) != len(predicted.columns):
        return WRONG_COLUMNS
    if len(gold.rows) != len(predicted.rows):
        return WRONG_ROWS
    found = WRONG_ROWS
    for places in _arrangements(gold.columns, predicted.columns):
        arranged = [tuple(row[place] for place in places) for row in predicted.rows]
        left, right = _comparable(gold.rows, arranged)
        if Counter(left) == Counter(right):
            if blocks is None or _same_blocks(left, right, blocks):
                return None
            found = WRONG_ORDER
    return found


def _arrangements(gold: Sequence[str], predicted: Sequence[str]) -> Iterator[Sequence[int]]:
    """The orders that the predicted columns may be read in: as they stand, and by name where names are unambiguous."""
    yield range(len(gold))
    if list(gold) != list(predicted) and len(set(gold)) == len(gold) and set(gold) == set(predicted):
        yield [predicted.index(name) for name in gold]


def _same_blocks(left: Sequence[_Row], right: Sequence[_Row], blocks: Sequence[int]) -> bool:
    return Counter(zip(blocks, left, strict=True)) == Counter(zip(blocks, right, strict=True))


def _comparable(left: Sequence[_Row], right: Sequence[_Row]) -> tuple[list[_Row], list[_Row]]:
    """Both results with each value as something that hashes, near numbers of a column as one."""
    classes = [_classes(_numbers(column)) for column in zip(*left, *right, strict=True)]
    return tuple([tuple(map(_plain, row, classes)) for row in rows] for rows in (left, right))


def _plain(value: Any, classes: dict[Any, Any]) -> Any:
    """A value without the differences that do not count; the type's name keeps apart what Python takes for equal."""
    if value is None:
        return None
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, int | float | Decimal):
        return classes[value] if value == value else "nan"  # nan alone is not itself
    if isinstance(value, date):
        return ("moment", value if isinstance(value, datetime) else datetime.combine(value, time()))
    if isinstance(value, list | tuple | Multirange):
        return ("list", *(_plain(item, classes) for item in value))
    if isinstance(value, dict):
        return ("object", frozenset((key, _plain(item, classes)) for key, item in value.items()))
    return (type(value).__name__, value)


def _numbers(values: Iterable[Any]) -> Iterator[Any]:
    """All numbers in values, also inside arrays and JSON."""
    for value in values:
        if isinstance(value, list | tuple):
            yield from _numbers(value)
        elif isinstance(value, dict):
            yield from _numbers(value.values())
        elif isinstance(value, int | float | Decimal) and not isinstance(value, bool) and value == value:
            yield value


def _classes(numbers: Iterable[Any]) -> dict[Any, Any]:
    """Each number with the one that stands for all that are as good as equal to it."""
    classes: dict[Any, Any] = {}
    previous = None
    for number in sorted(set(numbers)):
        classes[number] = classes[previous] if previous is not None and _is_close(previous, number) else number
        previous = number
    return classes


def _is_close(left: Any, right: Any) -> bool:
    if _is_whole(left) and _is_whole(right) or math.inf in (abs(left), abs(right)):
        return left == right
    tolerance = _FLOATING if isinstance(left, float) or isinstance(right, float) else _EXACT
    one, other = Decimal(left), Decimal(right)
    return abs(one - other) <= tolerance * max(abs(one), abs(other), Decimal(1))


def _is_whole(number: Any) -> bool:
    if isinstance(number, Decimal):
        return number.is_finite() and number == number.to_integral_value()
    return isinstance(number, int) or (number.is_integer() and abs(number) < _WHOLE_BELOW)
