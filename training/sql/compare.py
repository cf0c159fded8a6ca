"""Decides whether two executions returned the same answer. Called by the evaluation's execution layer.

Rows are compared as values, never as text: numbers with a tolerance, a date like the timestamp of its midnight.
"""

import math
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from training.sql.sandbox import Execution

_RELATIVE = 1e-6
_ABSOLUTE = 1e-9


def same_result(gold: Execution, predicted: Execution, *, ordered: bool) -> bool:
    """Whether the predicted query answered like the gold one.

    Args:
        gold: The execution of the right query.
        predicted: The execution of the query to judge.
        ordered: Whether the order of the rows counts; true where the gold query has a top-level ORDER BY.

    Returns:
        True where both ran, have the same number of columns (names do not matter) and the same rows, each as often.
        False where a result was cut at the row cap, as the rest is unknown.
    """
    if gold.rows is None or predicted.rows is None or gold.is_truncated or predicted.is_truncated:
        return False
    if len(gold.columns) != len(predicted.columns) or len(gold.rows) != len(predicted.rows):
        return False
    left = [tuple(map(_plain, row)) for row in gold.rows]
    right = [tuple(map(_plain, row)) for row in predicted.rows]
    if ordered:
        return all(map(_same_row, left, right))
    if all(map(_same_row, sorted(left, key=_row_key), sorted(right, key=_row_key))):
        return True
    # Sorting can part numbers that are equal within the tolerance, so what is left over is matched row by row.
    return _match(left, right)


def _plain(value: Any) -> Any:
    """The value without the differences that do not count."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        return float(value) if not isinstance(value, int) else value
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _same_row(left: tuple, right: tuple) -> bool:
    return all(map(_same, left, right))


def _same(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool) and left == right
    if isinstance(left, int | float) and isinstance(right, int | float):
        if isinstance(left, int) and isinstance(right, int):
            return left == right
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        return math.isclose(left, right, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and _same_row(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return type(left) is type(right) and left == right


def _row_key(row: tuple) -> tuple:
    return tuple(map(_key, row))


def _key(value: Any) -> tuple:
    """A key that orders values of every type; numbers of all types together."""
    if value is None:
        return ("", 0.0, "")
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
        return ("number", math.inf if math.isnan(number) else number, "")
    return (type(value).__name__, 0.0, repr(value))


def _match(left: list[tuple], right: list[tuple], same: Callable[[tuple, tuple], bool] = _same_row) -> bool:
    """Whether the rows can be paired one to one, looking only at rows whose exact parts agree."""
    pool: dict[tuple, list[tuple]] = {}
    for row in right:
        pool.setdefault(_exact_part(row), []).append(row)
    for row in left:
        candidates = pool.get(_exact_part(row), [])
        position = next((index for index, other in enumerate(candidates) if same(row, other)), None)
        if position is None:
            return False
        candidates.pop(position)
    return True


def _exact_part(row: tuple) -> tuple:
    return tuple("number" if _key(value)[0] == "number" else _key(value) for value in row)
