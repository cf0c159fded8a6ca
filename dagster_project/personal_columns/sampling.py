"""Sampled values of business columns. They stay in memory: nothing here writes or logs a value."""

from collections.abc import Iterable

import psycopg
from psycopg import sql

from dagster_project.personal_columns.catalog import BusinessColumn, BusinessTable

SAMPLED_ROWS = 500
SAMPLED_VALUES = 200
_LARGE_TABLE = 20_000
_LONGEST_VALUE = 2_000
_TIMEOUT_MS = 10_000

# Types of which no value says anything about a person by itself.
_NEVER_SAMPLED = frozenset(
    "boolean smallint real double precision money interval time bit oid name point line box path polygon circle "
    "tsvector tsquery xid cid tid".split()
) | {"double precision", "time without time zone", "time with time zone", "bit varying", "bytea"}  # fmt: skip


def is_sampled(column: BusinessColumn) -> bool:
    """Tells whether a column's values are worth a look."""
    return not column.is_enum and column.type.removesuffix("[]") not in _NEVER_SAMPLED


def sample(
    connection: psycopg.Connection, table: BusinessTable, columns: Iterable[BusinessColumn]
) -> dict[str, list[str]] | None:
    """Reads values of some columns of a table.

    Args:
        connection: a role that may read the table, in autocommit mode.
        table: the table.
        columns: which of its columns; those of other types than texts, numbers, dates and documents are left out.

    Returns:
        Column name → at most 200 distinct values as text, without nulls and blanks; None where the table cannot be
        read (no privilege, or not within ten seconds).
    """
    wanted = [column for column in columns if is_sampled(column)]
    if not wanted:
        return {}
    try:
        rows = _rows(connection, table, wanted)
        values = {column.name: _distinct(row[place] for row in rows) for place, column in enumerate(wanted)}
        if len(rows) == SAMPLED_ROWS:  # a column that is seldom filled needs a look of its own
            for column in [column for column in wanted if not values[column.name]]:
                values[column.name] = _distinct(row[0] for row in _filled(connection, table, column))
    except psycopg.Error:
        return None  # the driver's message may quote a value
    return values


def _rows(connection: psycopg.Connection, table: BusinessTable, columns: list[BusinessColumn]) -> list[tuple]:
    selected = sql.SQL(", ").join(_as_text(column) for column in columns)
    name = sql.Identifier(table.schema, table.name)
    limit = sql.Literal(SAMPLED_ROWS)
    if table.kind in "rm" and table.estimated_rows > _LARGE_TABLE:
        # The first pages hold the oldest rows; always the same sample, so that a check says the same twice.
        percent = sql.Literal(min(100.0, 100 * 20 * SAMPLED_ROWS / table.estimated_rows))
        query = sql.SQL("select {} from {} tablesample system ({}) repeatable (1) limit {}")
        rows = _fetch(connection, query.format(selected, name, percent, limit))
        if len(rows) == SAMPLED_ROWS:
            return rows
    return _fetch(connection, sql.SQL("select {} from {} limit {}").format(selected, name, limit))


def _filled(connection: psycopg.Connection, table: BusinessTable, column: BusinessColumn) -> list[tuple]:
    query = sql.SQL("select {} from {} where {} is not null limit {}").format(
        _as_text(column),
        sql.Identifier(table.schema, table.name),
        sql.Identifier(column.name),
        sql.Literal(SAMPLED_VALUES),
    )
    return _fetch(connection, query)


def _fetch(connection: psycopg.Connection, query: sql.Composed) -> list[tuple]:
    with connection.transaction():
        connection.execute("set transaction read only")
        connection.execute(sql.SQL("set local statement_timeout = {}").format(sql.Literal(_TIMEOUT_MS)))
        return connection.execute(query).fetchall()


def _as_text(column: BusinessColumn) -> sql.Composed:
    name = sql.Identifier(column.name)
    if column.type.endswith("[]"):
        return sql.SQL("{}::text[]").format(name)
    return sql.SQL("left({}::text, {})").format(name, sql.Literal(_LONGEST_VALUE))


def _distinct(cells: Iterable[str | list | None]) -> list[str]:
    found: dict[str, None] = {}
    for cell in cells:
        for value in cell if isinstance(cell, list) else [cell]:
            if isinstance(value, str) and value.strip():
                found[value.strip()[:_LONGEST_VALUE]] = None
        if len(found) >= SAMPLED_VALUES:
            break
    return list(found)[:SAMPLED_VALUES]
