"""Looks for surnames that stand alone in what people write: "What did Quillfeather order?". Called by `proof.py`.

A surname can be a word (Price), a place (Lincoln) or a month, and in a large business nearly every word is somebody's.
So what is found here is a doubt that a person looks into, no proof that something leaked. A word is doubtful where it
stands as a name does, with a capital and not at the beginning of a sentence, and is neither a given name, nor written
small in more texts than with a capital, nor a word in a column without a tag.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from dagster_project.personal_columns.shapes import given_names
from dagster_project.privacy.days import MONTHS
from dagster_project.privacy.places import Text
from dagster_project.privacy.values import Hit, tagged_columns, values_of

_SHORTEST = 5
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_BEGINNING = re.compile(r"(?:^|[.?!:;\n/\"“„«])[\s('\"]*$")
_UNTAGGED = (Path(__file__).parent / "untagged_columns.sql").read_text()


def read_surnames(owner: psycopg.Connection) -> set[str]:
    """Reads the last words of the names that have several, in lower case, without those that are given names too.

    Args:
        owner: Connection of auditune_owner, in autocommit mode.
    """
    surnames, given = set(), set(given_names())
    for column in tagged_columns(owner):
        if column.pii_class == "name":
            for value in values_of(owner, column):
                first, *_, last = [value, *value.split(" ")] if " " in value else ["", ""]
                surnames.add(last)
                given.add(first.partition(" ")[0])
    return {word for word in surnames - given - MONTHS if len(word) >= _SHORTEST and _WORD.fullmatch(word)}


def find_surnames(owner: psycopg.Connection, texts: Iterable[Text], surnames: set[str]) -> set[Hit]:
    """Searches what people wrote for surnames alone.

    Args:
        owner: Connection of auditune_owner, to ask whether a word stands in a column without a tag.
        texts: Where to look; logs and configurations are passed over.
        surnames: What to look for, in lower case.
    """
    places: dict[str, set[str]] = defaultdict(set)
    small, capital = Counter(), Counter()
    for text in texts:
        if text.kind == "technical":
            continue
        words = set(_WORD.findall(text.whole.replace("_", " ")))
        small.update(surnames & words)
        capital.update(surnames & {word.lower() for word in words if word[0].isupper()})
        if text.kind == "prose":
            for word in surnames & set(_names_in(text.content)):
                places[word].add(text.place)
    doubtful = [word for word in places if small[word] <= capital[word]]
    words = set(doubtful) - _in_untagged_columns(owner, doubtful) if doubtful else set()
    return {Hit(place, "name", word) for word in words for place in places[word]}


def _names_in(content: str) -> Iterator[str]:
    for found in _WORD.finditer(content):
        if found[0][0].isupper() and not _BEGINNING.search(content, max(0, found.start() - 10), found.start()):
            yield re.sub(r"['’]s$", "", found[0].lower())


def _in_untagged_columns(owner: psycopg.Connection, words: list[str]) -> set[str]:
    """Those of the words that stand in a column of the business that has no tag: cities, products, remarks."""
    known: set[str] = set()
    for schema, table, column in owner.execute(_UNTAGGED).fetchall():
        query = sql.SQL(
            "select word from unnest(%s::text[]) as word"
            " where exists (select 1 from {table} where {column}::text ~* ('\\m' || word || '\\M'))"
        ).format(table=sql.Identifier(schema, table), column=sql.Identifier(column))
        known.update(word for (word,) in owner.execute(query, [sorted(set(words) - known)]))
    return known
