"""Looks for values that may be anything else too, where somebody says that they are a person's. Called by `proof.py`.

Four kinds of values cannot be looked for everywhere. A day may be anybody's; a value of under four characters is more
often a word of the language than a person's; in logs, a single word or a short number is mostly a name of the catalog,
a keyword or a count; a part of a name is a word too, or a name that many bear. Each counts where it stands beside the
column that it is a value of: as a literal (`'May'`, one of a list, array or range, a pattern without its wildcards)
that is compared with a column of that name, where the column's table is named nearby. A birth date counts too where a
text says that it is one (`born on 3 July 1961`).

What a model wrote is read for whole values only (`Text.is_a_models`): a given name alone is its guess.

So a customer called May is no hit in `orders in May`, nor in `status = 'may'`, but is one in `first_name = 'May'`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import psycopg

from dagster_project.privacy.days import days_of_birth, written_days
from dagster_project.privacy.places import Text
from dagster_project.privacy.values import Hit, is_telling, tagged_columns, values_of

# The days that `privacy.moved_date` moves: any other is a bound, and nobody's birth.
_FIRST_DAY, _LAST_DAY = date(1890, 1, 1), date(2035, 12, 31)
_NEARBY = 2_000  # characters before and behind: a statement of an ordinary length
_LITERAL = r"'(?:[^']|''){0,1000}+'"
_CAST = r"(?:\s*::\s*\w+(?:\[\])?)?"
# What may stand between a column and a literal that is compared with it.
_BETWEEN = (
    r'(?:[\s()\[=<>!~%@|&"]|::\s*\w+'
    r"|\b(?:not|in|i?like|any|all|some|array|between|symmetric|is|distinct|from|similar|to|as|cast|date|timestamp|timestamptz"
    r"|text|varchar|lower|upper|btrim|trim|e|n)\b){0,40}+"
)
_ONE = re.compile(_LITERAL)
_BEHIND = re.compile(rf"{_BETWEEN}(?={_LITERAL})", re.IGNORECASE)
_MORE = re.compile(rf"{_CAST}[\s)\]]*(?:,|\band\b){_BETWEEN}(?={_LITERAL})", re.IGNORECASE)
_BEFORE = re.compile(rf"({_LITERAL}){_CAST}\s*[=<>!~]+\s*(?:\w+\()?(?:\"?\w+\"?\.)?\"?$", re.IGNORECASE)
_LONGEST = 300  # of a literal before its column, with what stands between
_PART = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SHORTEST_PART = 3
_ELEMENTS = re.compile(r"[^{},\"%^$]+")


@dataclass
class BesideColumns:
    """What to look for beside columns.

    Attributes:
        values: By name of a column: its values in lower case, with their classes.
        parts: By name of a column: the parts of its names, in lower case.
        tables: By name of a column: the tables that have it so tagged.
        days: Every birth date.
    """

    values: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    parts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    tables: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    days: set[date] = field(default_factory=set)

    @property
    def count(self) -> int:
        """How many values are looked for."""
        known = [*self.values.values(), *self.parts.values()]
        return sum(map(len, known)) + len(self.days)


def read_beside(owner: psycopg.Connection) -> BesideColumns:
    """Reads the values of tagged columns that count only beside their column.

    Args:
        owner: Connection of auditune_owner, in autocommit mode.
    """
    beside = BesideColumns()
    for column in tagged_columns(owner):
        beside.tables[column.name.lower()].add(column.table.lower())
        for value in values_of(owner, column):
            if column.pii_class == "birth_date":
                beside.days |= {day for day in written_days(value) if _FIRST_DAY <= day <= _LAST_DAY}
            elif value and not is_telling(value):
                beside.values[column.name.lower()][value] = column.pii_class
            elif column.pii_class == "name":
                parts = _PART.findall(value)
                beside.parts[column.name.lower()].update(part for part in parts if len(part) >= _SHORTEST_PART)
    return beside


def find_beside(texts: Iterable[Text], beside: BesideColumns) -> Iterator[Hit]:
    """Searches texts for the values that stand beside their column, and for birth dates that are said to be some.

    Args:
        texts: Where to look.
        beside: What to look for.
    """
    if not beside.tables:
        return
    names = "|".join(re.escape(name) for name in sorted(beside.tables, key=len, reverse=True))
    column = re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE)
    for text in texts:
        for day in set(days_of_birth(text.content)) & beside.days:
            yield Hit(text.place, "birth_date", day.isoformat())
        whole = text.whole
        for name, literal, place in _literals(whole, column):
            nearby = whole[max(0, place - _NEARBY) : place + _NEARBY].lower()
            if any(re.search(rf"(?<!\w){re.escape(table)}(?!\w)", nearby) for table in beside.tables[name]):
                yield from _hits(text, name, literal, beside)


def _literals(whole: str, column: re.Pattern) -> Iterator[tuple[str, str, int]]:
    """Each literal that is compared with a column: the column's name, what the literal says, and where that stands."""
    for found in column.finditer(whole):
        follows = _BEHIND.match(whole, found.end())
        while follows and (literal := _ONE.match(whole, follows.end())):
            yield found[0].lower(), _said(literal[0]), literal.start()
            follows = _MORE.match(whole, literal.end())
        if before := _BEFORE.search(whole, max(0, found.start() - _LONGEST), found.start()):
            yield found[0].lower(), _said(before[1]), found.start()


def _said(literal: str) -> str:
    return literal[1:-1].replace("''", "'")


def _hits(text: Text, name: str, literal: str, beside: BesideColumns) -> Iterator[Hit]:
    values = beside.values.get(name, {})
    for part in {literal, *_ELEMENTS.findall(literal)}:
        said = " ".join(part.lower().split())
        if pii_class := values.get(said):
            yield Hit(text.place, pii_class, said)
        elif said in beside.parts.get(name, ()) and not text.is_a_models:
            yield Hit(text.place, "name", said)
    for day in written_days(literal) & beside.days:
        yield Hit(text.place, "birth_date", day.isoformat())
