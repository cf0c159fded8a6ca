"""Days as people write them, and those that are said to be somebody's birth. Called by `beside.py`.

Independent of the SQL function `privacy.move_birth_dates`, which moves them.
"""

import re
from collections.abc import Iterator
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
            "sep sept september", "oct october", "nov november", "dec december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
MONTHS = frozenset(_MONTHS)
_MONTH = rf"(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_DAY = (
    r"(?<![\w])(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s+\d{{4}}|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}})(?!\d)"
)
_WRITTEN = re.compile(_DAY, re.IGNORECASE)
_PARTS = re.compile(r"\d+|[a-z]+", re.IGNORECASE)
_BIRTH = (
    r"\b(?:born|births?|birth_?dates?|birthdays?|dob|geboren\w*|geburts\w+|naissance|née?s? (?:le|en)|nacid[oa]s?"
    r"|nacimiento|nascita|nat[oai] il|urodz\w+)\b\.?"
)
_AND = r"(?:and|to|or|until|und|bis|et|y|e|i)"
# A quote may only stand before the day: what has one earlier is SQL, where the column tells (`beside.py`).
_OF_BIRTH = re.compile(
    rf"{_BIRTH}[^0-9.;?!\n'\"=<>()]{{0,40}}['\"]?"
    rf"{_DAY}(?:[^0-9;?!\na-z]{{0,3}}\s*{_AND}?[^0-9;?!\na-z]{{0,3}}{_DAY})*",
    re.IGNORECASE,
)


def written_days(text: str) -> set[date]:
    """Reads the days of a text.

    Args:
        text: Anything. Days with a four-digit year are read: 1961-07-03, 1961/7/3, 3.7.1961 and 7/3/1961 (which are two
            days, since nobody says which number is the month), 3 July 1961, July 3rd, 1961.

    Returns:
        Each day that may be meant.
    """
    return {day for found in _WRITTEN.findall(text) for day in _meant(found)}


def days_of_birth(text: str) -> Iterator[date]:
    """Finds the days that a text says are of birth: those behind `born`, `birthday` and the like in the same sentence.

    Args:
        text: What people wrote.
    """
    for found in _OF_BIRTH.findall(text):
        yield from written_days(found)


def _meant(written: str) -> Iterator[date]:
    parts = [part.lower() for part in _PARTS.findall(written)]
    numbers = [int(part) for part in parts if part.isdigit()]
    (month,) = [_MONTHS[part] for part in parts if part in _MONTHS] or (None,)
    if month is not None:
        orders = [(numbers[1], month, numbers[0])]
    elif len(parts[0]) == 4:
        orders = [tuple(numbers)]
    else:
        orders = [(numbers[2], numbers[0], numbers[1]), (numbers[2], numbers[1], numbers[0])]
    for order in orders:
        try:
            yield date(*order)
        except ValueError:
            continue  # the 31st of the wrong month
