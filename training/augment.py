"""The same pair about other values: another city, year or number in the question and in its SQL alike. Used by loop.py.

Each epoch sees each pair with values drawn anew, so the adapter learns where a value goes instead of which values
there are. A value is exchanged only where it is plain what it is: it stands in the question and in the SQL, and all
literals that belong to it change with it. What is drawn stands in the catalog or in another training pair, never in a
held-out one.
"""

import random
import re
from collections.abc import Iterable
from dataclasses import replace

from training.data import Pair
from training.recombine import Recombination, column_key, compared_texts
from training.sql.catalog import Catalog
from training.sql.errors import SqlError
from training.sql.parse import parse_select

_YEAR = re.compile(r"(?<![\d.])20\d\d(?![\d.])")
_DATE = re.compile(r"'(\d{4})-(\d\d)-(\d\d)'")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})\b")
_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_NUMBER = re.compile(rf"(?<![\w.%'-])(\d{{1,2}}|{'|'.join(_WORDS)})(?![\w.%-])", re.IGNORECASE)
_BOUND = re.compile(r"(?<=limit )\d{1,2}\b|(?<=[<>] )\d{1,2}\b(?!\.)|(?<=[<>]= )\d{1,2}\b(?!\.)")
_KEEP = 0.25  # part of the exchanges that are left out, so that the values people really ask about stay in sight


class ValueExchange:
    """Draws other values for pairs, and recombines some of them first."""

    def __init__(self, catalog: Catalog, training: Iterable[Pair], recombined_share: float = 0.0) -> None:
        """Reads the values that may be drawn, and the parts that may be recombined.

        Args:
            catalog: The tables, with the values of untagged columns.
            training: The training pairs.
            recombined_share: Part of the pairs that are recombined before their values are exchanged.
        """
        training = tuple(training)
        self._values: dict[tuple[str, str], set[str]] = {}
        for table in catalog.tables:
            for column in table.columns:
                self._values[table.name, column.name] = set(column.sample_values)
        for pair in training:
            for value, columns in _compared_columns(pair.sql).items():
                for column in columns:
                    if column in self._values:
                        self._values[column].add(value)
        self._recombined_share = recombined_share
        self._recombination = Recombination(catalog, training, self._values) if recombined_share else None

    def vary(self, pair: Pair, draw: random.Random) -> Pair:
        """Returns the pair with other values, or as it is where nothing can be exchanged.

        Args:
            pair: A training pair.
            draw: Decides; the same state gives the same pair.
        """
        if self._recombination is not None and draw.random() < self._recombined_share:
            pair = self._recombination.vary(pair, draw)
        for exchange in (self._exchange_text, _exchange_years, _exchange_month, _exchange_number):
            if draw.random() >= _KEEP:
                pair = exchange(pair, draw)
        return pair

    def _exchange_text(self, pair: Pair, draw: random.Random) -> Pair:
        for value, columns in _compared_columns(pair.sql).items():
            literal = _quoted(value)
            named = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")
            # A value that stands in several places is exchanged for one that all those columns hold.
            shared = set.intersection(*(self._values.get(column, set()) for column in columns))
            others = sorted(shared - {value})
            is_compared = pair.sql.count(literal) == len(columns)
            if not others or len(named.findall(pair.question)) != 1 or not is_compared:
                continue
            other = draw.choice(others)
            question = named.sub(lambda _, other=other: other, pair.question)
            pair = replace(pair, question=question, sql=pair.sql.replace(literal, _quoted(other)))
        return pair


def _quoted(value: str) -> str:
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def _compared_columns(sql: str) -> dict[str, list[tuple[str, str] | None]]:
    """The columns that each text is compared with, by the text; none where the SQL is no query."""
    try:
        compared = compared_texts(parse_select(sql))
    except SqlError:
        return {}
    return {text: [column_key(node.this) for node in nodes] for text, nodes in compared.items()}


def _exchange_years(pair: Pair, draw: random.Random) -> Pair:
    """Moves all years by the same number; of a range, the year after the last one named is its end."""
    asked = {int(year) for year in _YEAR.findall(pair.question)}
    used = {int(year) for year in _YEAR.findall(pair.sql)}
    if not asked or not used or not used <= asked | {year + 1 for year in asked}:
        return pair
    if any(month == "02" and day == "29" for _, month, day in _DATE.findall(pair.sql)):
        return pair
    by = draw.choice((-1, 1))

    def moved(match: re.Match[str]) -> str:
        return str(int(match[0]) + by)

    return replace(pair, question=_YEAR.sub(moved, pair.question), sql=_YEAR.sub(moved, pair.sql))


def _exchange_month(pair: Pair, draw: random.Random) -> Pair:
    """Moves the month that is asked about, where all dates are in it or start the next."""
    named = _MONTH.findall(pair.question)
    dates = _DATE.findall(pair.sql)
    if len(named) != 1 or not dates or any(int(day) > 28 for _, _, day in dates):
        return pair
    months = [int(year) * 12 + int(month) - 1 for year, month, _ in dates]
    first = min(months)
    if first % 12 != _MONTHS.index(named[0]) or max(months) > first + 1:
        return pair
    other = draw.randrange(12)

    def moved(match: re.Match[str]) -> str:
        year, month = divmod(int(match[1]) * 12 + int(match[2]) - 1 - first % 12 + other, 12)
        return f"'{year}-{month + 1:02}-{match[3]}'"

    question = _MONTH.sub(_MONTHS[other], pair.question)
    return replace(pair, question=question, sql=_DATE.sub(moved, pair.sql))


def _exchange_number(pair: Pair, draw: random.Random) -> Pair:
    """Exchanges the one number that is asked for and that limits or bounds the result."""
    named, bounds = _NUMBER.findall(pair.question), _BOUND.findall(pair.sql)
    if len(named) != 1 or len(bounds) != 1:
        return pair
    is_word = named[0].lower() in _WORDS
    value = _WORDS[named[0].lower()] if is_word else int(named[0])
    if value != int(bounds[0]) or value < 2:
        return pair
    other, number = draw.choice(list(_WORDS.items()))
    if named[0][0].isupper():
        other = other.capitalize()
    question = _NUMBER.sub(other if is_word else str(number), pair.question)
    return replace(pair, question=question, sql=_BOUND.sub(str(number), pair.sql))
