"""Numbered samples of the sandbox's tables, that all variants start from. Called by build.py.

A variant needs few rows: what tells queries apart is which rows there are. Small ones also keep the search quick.
"""

from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql

from training.evaluate.suite.rows import ROW
from training.evaluate.suite.tables import ForeignKey, SuiteTable, matched

MAX_ROWS = 400  # of each table
# The text of a row, by which rows are hashed, must not depend on who asks.
_SETTINGS = "set datestyle = iso; set intervalstyle = postgres; set timezone = 'UTC'; set extra_float_digits = 1"


def take_samples(
    connection: psycopg.Connection, tables: Sequence[SuiteTable], literals: Mapping[str, tuple[str, ...]]
) -> dict[tuple[str, str], sql.Identifier]:
    """Copies some rows of each table into a temporary one, children with their parents as far as possible.

    Args:
        connection: Of a role that may create temporary tables; they live as long as it.
        tables: Parents before children.
        literals: Column name → literals of gold queries; rows whose key is among them come first.

    Returns:
        Business schema and table → its sample; the rows' numbers, from 1, stand in the column `suite row`.
    """
    connection.execute(_SETTINGS)
    samples: dict[tuple[str, str], sql.Identifier] = {}
    for number, table in enumerate(tables):
        samples[table.key] = sql.Identifier(f"suite sample {number}")
        connection.execute(sql.SQL("drop table if exists pg_temp.{}").format(samples[table.key]))
        present = [
            (len(key.columns) == 1, _has_parent(key, samples[key.parent]))
            for key in table.foreign_keys
            if key.parent in samples and key.parent != table.key
        ]
        # A row whose parent is not in the sample can be given another one, but not where several columns name it.
        needed = [condition for is_movable, condition in present if not is_movable]
        wished = [condition for is_movable, condition in present if is_movable]
        statement = sql.SQL(
            "create temporary table {sample} as select row_number() over () as {row}, chosen.* from ("
            "select child.* from {origin} as child where {needed} "
            "order by case when {named} then 0 else 1 end, case when {wished} then 0 else 1 end, "
            "hashtextextended(child::text, 0), child::text limit {limit}) as chosen"
        ).format(
            sample=samples[table.key],
            row=ROW,
            origin=table.origin,
            needed=_all(needed),
            wished=_all(wished),
            named=_named(table, tables, literals),
            limit=sql.Literal(MAX_ROWS),
        )
        connection.execute(statement)
    return samples


def _has_parent(key: ForeignKey, parents: sql.Identifier) -> sql.Composed:
    return sql.SQL("((row({}) is not null) is not true or exists (select 1 from {} as parent where {}))").format(
        sql.SQL(", ").join(sql.Identifier("child", column) for column in key.columns), parents, matched(key)
    )


def _all(conditions: Sequence[sql.Composed]) -> sql.Composed:
    return sql.SQL("({})").format(sql.SQL(" and ").join([sql.SQL("true"), *conditions]))


def _named(table: SuiteTable, tables: Sequence[SuiteTable], literals: Mapping[str, tuple[str, ...]]) -> sql.Composable:
    """Whether a literal is the row's key: the gold's own, or of a column that refers to it."""
    names = {key[0]: {key[0]} for key in table.unique if len(key) == 1}
    for key in (key for other in tables for key in other.foreign_keys if key.parent == table.key):
        if len(key.columns) == 1:
            names.setdefault(key.parent_columns[0], set()).add(key.columns[0])
    conditions = []
    for column, aliases in sorted(names.items()):
        texts = sorted({text for alias in aliases for text in literals.get(alias, ())})
        conditions.append(
            sql.SQL("coalesce({}::text = any({}::text[]), false)").format(
                sql.Identifier("child", column), sql.Literal(texts)
            )
        )
    return sql.SQL("({})").format(sql.SQL(" or ").join([sql.SQL("false"), *conditions]))


def usable_literals(
    connection: psycopg.Connection, table: SuiteTable, literals: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Keeps, for each column of a table, the literals that its type takes; asks the server, who alone knows."""
    usable = {}
    for column in table.columns:
        if column.is_plain and column.name in literals:
            texts = literals[column.name]
            if not _is_taken(connection, texts, column.type):
                texts = tuple(text for text in texts if _is_taken(connection, (text,), column.type))
            if texts:
                usable[column.name] = texts
    return usable


def _is_taken(connection: psycopg.Connection, texts: Sequence[str], type_name: str) -> bool:
    statement = sql.SQL("select count(value::{}) from unnest({}::text[]) as listed (value)")
    try:
        with connection.transaction():
            connection.execute(statement.format(sql.SQL(type_name), sql.Literal(list(texts))))
    except psycopg.errors.DataError:
        return False
    return True
