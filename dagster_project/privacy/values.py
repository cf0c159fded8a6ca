"""Looks for the values of tagged columns in texts, all at once. Called by `proof.py`.

Independent of the functions of the schema `privacy`: these look up words in an index, this searches each text for every
value (Aho-Corasick). Values are read into memory and written nowhere.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import psycopg
from ahocorasick_rs import AhoCorasick, Implementation
from psycopg import sql

from dagster_project.privacy.places import Text

_TAGGED_COLUMNS = (
    "select table_schema, table_name, column_name, tagged.pii_class, columns.data_type"
    " from privacy.tagged_columns as tagged"
    " inner join information_schema.columns using (table_schema, table_name, column_name) order by 1, 2, 3"
)
# The elements of an array, and the strings and numbers of a document, are values of their own.
_OF_DOCUMENT = (
    "jsonb_path_query({column}::jsonb, 'strict $.** ? (@.type() == \"string\" || @.type() == \"number\")') #>> '{{}}'"
)
_VALUES = {"ARRAY": "unnest({column}::text[])", "json": _OF_DOCUMENT, "jsonb": _OF_DOCUMENT}
_BATCH = 200_000  # values searched for at once: some 100 MB
_SHORTEST = 4  # a value of three letters is a word of the language more often than a person's
_FEW_DIGITS = 9  # a shorter number is a count, an offset or a duration in a log


@dataclass(frozen=True)
class Hit:
    """A personal value that stands in a text; `value` is what was found, and is shown to nobody."""

    place: str
    pii_class: str
    value: str


def value_batches(owner: psycopg.Connection) -> Iterator[dict[str, str]]:
    """Reads the values of all tagged columns but birth dates, in batches: value in lower case → class.

    A date is anybody's: a moved birth date may be another person's own, and any question may name a day.

    Args:
        owner: Connection of auditune_owner.
    """
    batch: dict[str, str] = {}
    for schema, table, column, pii_class, data_type in owner.execute(_TAGGED_COLUMNS).fetchall():
        if pii_class == "birth_date":
            continue
        query = sql.SQL(
            "select distinct lower(btrim(value)) from (select {value} as value from {table}) as all_values"
        ).format(
            value=sql.SQL(_VALUES.get(data_type, "{column}::text")).format(column=sql.Identifier(column)),
            table=sql.Identifier(schema, table),
        )
        with owner.transaction(), owner.cursor(name="tagged_values") as cursor:
            for (value,) in cursor.execute(query):
                if value is not None and len(value) >= _SHORTEST:
                    batch[" ".join(value.split())] = pii_class
                if len(batch) >= _BATCH:
                    yield batch
                    batch = {}
    if batch:
        yield batch


def find_values(texts: Iterable[Text], classes: dict[str, str]) -> set[Hit]:
    """Searches texts for values that stand there as words of their own, whatever their case.

    Args:
        texts: Where to look.
        classes: The values and their classes.
    """
    values = list(classes)
    automaton = AhoCorasick(values, implementation=Implementation.ContiguousNFA, store_patterns=False)
    hits = set()
    for text in texts:
        content = text.content.lower() if text.kind == "technical" else " ".join(text.content.lower().split())
        for index, start, end in automaton.find_matches_as_indexes(content, overlapping=True):
            value = values[index]
            if _is_apart(content, start, end) and (text.kind != "technical" or _is_telling(value)):
                hits.add(Hit(text.place, classes[value], value))
    return hits


def without_surrogates(owner: psycopg.Connection, hits: Collection[Hit]) -> list[Hit]:
    """Leaves out what is somebody's surrogate as well: such a value stands there for somebody else.

    Args:
        owner: Connection of auditune_owner.
        hits: What was found.
    """
    statement = "select distinct lower(surrogate) from privacy.surrogate_index where lower(surrogate) = any(%s)"
    values = sorted({hit.value.lower() for hit in hits})
    surrogates = {surrogate for (surrogate,) in owner.execute(statement, [values])}
    return [hit for hit in hits if hit.value.lower() not in surrogates]


def _is_apart(content: str, start: int, end: int) -> bool:
    before, after = content[start - 1 : start], content[end : end + 1]
    return not (before.isalnum() and content[start].isalnum()) and not (after.isalnum() and content[end - 1].isalnum())


def _is_telling(value: str) -> bool:
    """Whether a value in a log can only be a person's: a single word, or a short number, can be anything there."""
    return not value.isalpha() and not (value.isdigit() and len(value) < _FEW_DIGITS)
