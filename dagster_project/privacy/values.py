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


@dataclass(frozen=True)
class TaggedColumn:
    """A column with a tag, of a business table."""

    schema: str
    table: str
    name: str
    pii_class: str
    data_type: str


def tagged_columns(owner: psycopg.Connection) -> list[TaggedColumn]:
    """Reads which columns are tagged.

    Args:
        owner: Connection of auditune_owner.
    """
    return [TaggedColumn(*row) for row in owner.execute(_TAGGED_COLUMNS).fetchall()]


def values_of(owner: psycopg.Connection, column: TaggedColumn) -> Iterator[str]:
    """Reads the distinct values of a column, in lower case and with single blanks.

    Args:
        owner: Connection of auditune_owner.
        column: The column. Of an array its elements are read, of a document its strings and numbers.
    """
    query = sql.SQL(
        "select distinct lower(btrim(value)) from (select {value} as value from {table}) as all_values"
    ).format(
        value=sql.SQL(_VALUES.get(column.data_type, "{column}::text")).format(column=sql.Identifier(column.name)),
        table=sql.Identifier(column.schema, column.table),
    )
    with owner.transaction(), owner.cursor(name="tagged_values") as cursor:
        for (value,) in cursor.execute(query):
            if value is not None:
                yield " ".join(value.split())


def value_batches(owner: psycopg.Connection) -> Iterator[dict[str, str]]:
    """Reads the values of all tagged columns in batches: value in lower case → class.

    Birth dates and what is shorter than four characters are left to `beside.py`: they may be anything else too.

    Args:
        owner: Connection of auditune_owner.
    """
    batch: dict[str, str] = {}
    for column in tagged_columns(owner):
        if column.pii_class == "birth_date":
            continue
        for value in values_of(owner, column):
            if len(value) >= _SHORTEST:
                batch[value] = column.pii_class
            if column.pii_class == "name":
                batch.update(dict.fromkeys(surname_first(value), "name"))
            if len(batch) >= _BATCH:
                yield batch
                batch = {}
    if batch:
        yield batch


def surname_first(name: str) -> Iterator[str]:
    """The forms of a name in a list: `quillfeather, zora` and `quillfeather,zora`, wherever a longer one may be parted.

    Args:
        name: The name, with single blanks.
    """
    words = name.split(" ")
    for place in range(1, len(words)):
        given, surname = " ".join(words[:place]), " ".join(words[place:])
        yield f"{surname}, {given}"
        yield f"{surname},{given}"


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
        for reading in text.readings:
            content = reading.lower() if text.kind == "technical" else " ".join(reading.lower().split())
            for index, start, end in automaton.find_matches_as_indexes(content, overlapping=True):
                value = values[index]
                if _is_apart(content, start, end) and (text.kind != "technical" or is_telling(value)):
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


def is_telling(value: str) -> bool:
    """Whether a value can only be a person's, wherever it stands.

    A short value, a single word or a short number can be anything in a log.

    Args:
        value: The value, in lower case.
    """
    return len(value) >= _SHORTEST and not value.isalpha() and not (value.isdigit() and len(value) < _FEW_DIGITS)


def _is_apart(content: str, start: int, end: int) -> bool:
    before, after = content[start - 1 : start], content[end : end + 1]
    return not (before.isalnum() and content[start].isalnum()) and not (after.isalnum() and content[end - 1].isalnum())
