"""The tables, views and columns of business schemas, read from PostgreSQL's catalog. No value is read here."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

_RELATIONS = Path(__file__).with_name("relations.sql").read_bytes()


@dataclass(frozen=True)
class BusinessColumn:
    """A column of a business table.

    Attributes:
        name: as PostgreSQL stores it.
        type: PostgreSQL's name of the type without length, such as `character varying`, `text[]`; a domain's base type.
        is_enum: its type is an enum, whose values are the schema's, not a person's.
        comment: the business's description, or None.
        is_only_key: it is the primary key, alone.
        needs_quotes: SQL must write its name in double quotes.
        references: `table.column` that a foreign key points at, or None.
    """

    name: str
    type: str
    is_enum: bool = False
    comment: str | None = None
    is_only_key: bool = False
    needs_quotes: bool = False
    references: str | None = None


@dataclass(frozen=True)
class BusinessTable:
    """A table or view of a business schema.

    Attributes:
        schema: its schema.
        name: its name.
        kind: `r` table, `p` partitioned table, `v` view, `m` materialized view, `f` foreign table.
        comment: the business's description, or None.
        estimated_rows: the planner's idea of its size; negative where it was never analyzed.
        columns: in the order of the database.
    """

    schema: str
    name: str
    kind: str
    comment: str | None
    estimated_rows: int
    columns: tuple[BusinessColumn, ...]


def read_tables(connection: psycopg.Connection, schemas: tuple[str, ...]) -> list[BusinessTable]:
    """Reads the tables of some schemas, ordered by schema and name; partitions count as their table.

    Args:
        connection: any role: the catalog is open to all.
        schemas: names of schemas.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_RELATIONS, [list(schemas)]).fetchall()
    return [
        BusinessTable(columns=tuple(BusinessColumn(**column) for column in row.pop("listed")), **row) for row in rows
    ]
