"""English for the names and literals of a warehouse: columns, tables, dates, lists."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from training.sql.catalog import Catalog, Column, Table

_SUFFIXES = {"id": "ID", "on": "date", "at": "time", "pct": "percentage", "qty": "quantity", "num": "number"}
_PREFIXES = ("is", "has")
_MAX_COMMENT_WORDS = 4
_ROW_PER = re.compile(r"One row per ([a-z][a-z ]*?)(?:[.;,]|$)")
_QUARTERS = {1: "first", 4: "second", 7: "third", 10: "fourth"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def column_words(column_name: str, comment: str | None = None) -> str:
    """Says a column: its comment where that names the same thing more fully, else its name with blanks.

    Args:
        column_name: such as `customer_id`, `ordered_on` or `is_discontinued`.
        comment: COMMENT ON COLUMN, or None.

    Returns:
        Such as `customer ID`, `ordered date`, `discontinued`, `list price`.
    """
    parts = [part for part in re.split(r"[_\W]+", column_name) if part] or [column_name]
    if len(parts) > 1 and parts[0] in _PREFIXES:
        parts = parts[1:]
    if len(parts) > 1 and parts[-1] in _SUFFIXES:
        parts[-1] = _SUFFIXES[parts[-1]]
    words = " ".join(parts)
    named = re.split(r"[;.,(:]", comment or "")[0].strip().lower()
    is_name = re.fullmatch(r"[a-z][a-z ]*", named) and len(named.split()) <= _MAX_COMMENT_WORDS
    is_same = len(named.split()) > len(parts) and parts[-1] in named.split() and not {"or", "null"} & set(named.split())
    return named if is_name and is_same else words


def table_words(table: Table) -> str:
    """Says one row of a table: `registered customer`, `order item`.

    Args:
        table: a table of the catalog; a comment such as 'One row per registered customer' names its row.
    """
    singular = singular_of(column_words(table.name))
    named = _ROW_PER.match(table.comment or "")
    if named and len(named.group(1).split()) <= 3:
        return named.group(1)
    comment = re.split(r"[;.,(:]", table.comment or "")[0].strip().lower()
    if re.fullmatch(r"[a-z ]+", comment) and len(comment.split()) <= 3 and comment.endswith(plural_of(singular)):
        return singular_of(comment)
    return singular


def is_shared(column: Column, catalog: Catalog) -> bool:
    """Tells whether several tables have a column of that name, so that it is said with its table's."""
    return sum(column.name in table.by_name for table in catalog.tables) > 1


def singular_of(words: str) -> str:
    """The singular of a noun phrase in the plural; one that is in the singular stays."""
    if words.endswith("ies") and len(words) > 4:
        return f"{words[:-3]}y"
    if re.search(r"(?:ss|x|z|ch|sh)es$", words):
        return words[:-2]
    return words[:-1] if words.endswith("s") and not words.endswith(("ss", "us", "is")) else words


def plural_of(words: str) -> str:
    """The plural of a noun phrase in the singular; of `year of hired date` its first noun's."""
    head, of, rest = words.partition(" of ")
    if of:
        return f"{plural_of(head)}{of}{rest}"
    if re.search(r"[^aeiou]y$", words):
        return f"{words[:-1]}ies"
    if re.search(r"(?:s|x|z|ch|sh)$", words):
        return words if words.endswith("series") else f"{words}es"
    return f"{words}s"


def ordinal(number: int) -> str:
    """`first`, `second`, …; `7th` above six."""
    return _ORDINALS[number - 1] if number <= len(_ORDINALS) else f"{number}th"


def listed(phrases: Sequence[str], word: str = "and") -> str:
    """Puts phrases into one: `a, b and c`."""
    if len(phrases) < 2:
        return "".join(phrases)
    return f"{', '.join(phrases[:-1])} {word} {phrases[-1]}"


def literal_words(text: str) -> str:
    """Says a string: plain where it reads as a word or a name, else in quotes."""
    if not text.strip():
        return "empty" if not text else f"'{text}'"
    as_date = day_of(text)
    if as_date is not None:
        return date_words(as_date)
    is_plain = re.fullmatch(r"[^\W_][\w .&/+@-]*", text) is not None and text == text.strip()
    return text if is_plain else f"'{text}'"


def day_of(text: str) -> date | None:
    """The day that a literal means, where it is a day and nothing else."""
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def date_words(day: date) -> str:
    """Says a day: `5 March 2024`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def period_words(first: date, end: date) -> str | None:
    """Says a period that has a name.

    Args:
        first: its first day.
        end: the day after its last.

    Returns:
        `in March 2024`, `in 2024`, `in the first quarter of 2024`, `on 5 March 2024`; None where it has no name.
    """
    months = (end.year - first.year) * 12 + end.month - first.month
    if end - first == timedelta(days=1):
        return f"on {date_words(first)}"
    if first.day != 1 or end.day != 1:
        return None
    if months == 1:
        return f"in {_MONTHS[first.month - 1]} {first.year}"
    if months == 3 and first.month in _QUARTERS:
        return f"in the {_QUARTERS[first.month]} quarter of {first.year}"
    if months == 6 and first.month in (1, 7):
        return f"in the {'first' if first.month == 1 else 'second'} half of {first.year}"
    if months and months % 12 == 0 and first.month == 1:
        years = months // 12
        return f"in {first.year}" if years == 1 else f"in the years {first.year} to {first.year + years - 1}"
    return None
