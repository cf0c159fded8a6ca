"""Values of an answer as a person reads them. Called by the page's templates and by `chart`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from training.sql.json_values import to_json

_FOUR_DIGITS, _MANY_DIGITS = 9999, 10**15  # years stay whole; past the other a float is written with an exponent


@dataclass(frozen=True)
class Cell:
    """One value of the table.

    Attributes:
        text: What is shown.
        kind: number, null, or empty for everything else.
    """

    text: str
    kind: str = ""


def cells_of(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[list[Cell]]:
    """Turn rows as psycopg reads them into what the table shows.

    Args:
        columns: Names of the columns; an id's digits are not grouped.
        rows: The rows.
    """
    are_ids = [name.lower() == "id" or name.lower().endswith("_id") for name in columns]
    return [[_cell(value, is_id) for value, is_id in zip(row, are_ids, strict=True)] for row in rows]


def spell(value: Any) -> str:
    """Write one value: long numbers in groups of three digits, midnights as days, documents as JSON.

    Args:
        value: A value as psycopg reads it.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return f"{value:,}" if _FOUR_DIGITS < abs(value) < _MANY_DIGITS else str(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(sep=" ", timespec="seconds")
    document = to_json(value)
    return document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)


def _cell(value: Any, is_id: bool) -> Cell:
    if value is None:
        return Cell("empty", "null")
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return Cell(str(value) if is_number and is_id else spell(value), "number" if is_number else "")
