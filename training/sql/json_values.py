"""PostgreSQL values as JSON values; used by the API and by the guard's command."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_MOST_DIGITS = 1000  # before the point; Python writes integers of up to 4,300


def to_json(value: Any) -> Any:
    """Turn one value into what JSON can hold, without losing digits.

    Args:
        value: A value as psycopg reads it.

    Returns:
        Numbers stay numbers where JSON's double holds them exactly enough to print the same digits, else they become
        text, as NaN, infinities and numbers of more than a thousand digits do. Dates, times, UUIDs, intervals and
        ranges become text; bytes become hex; arrays and JSON documents are turned value by value.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _decimal(value: Decimal) -> int | float | str:
    if not value.is_finite():
        return str(value)
    if value.adjusted() >= _MOST_DIGITS:
        return format(value, "f")
    if value == value.to_integral_value():
        return int(value)
    as_float = float(value)
    return as_float if Decimal(repr(as_float)) == value else str(value)
