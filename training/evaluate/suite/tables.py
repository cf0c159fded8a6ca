"""The tables of a sandbox and the rules on their rows, read from the server's catalog. Called by build.py.

The sandbox is a copy without keys: the rules are those of the business tables, as far as the sandbox keeps them itself
(a check on a column that is pseudonymized may not hold there, and then no variant can be asked to keep it).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

_RELATIONS = (Path(__file__).parent / "relations.sql").read_text(encoding="utf-8")
_RULES = (Path(__file__).parent / "rules.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class SuiteColumn:
    """One column of a sandbox table; `is_plain` where its values can be compared and written as literals."""

    name: str
    type: str
    category: str
    is_plain: bool
    is_required: bool


@dataclass(frozen=True)
class ForeignKey:
    """Columns that refer to a table of the same sandboxes, given as (business schema, table)."""

    columns: tuple[str, ...]
    parent: tuple[str, str]
    parent_columns: tuple[str, ...]


@dataclass(frozen=True)
class SuiteTable:
    """One table and the rules that its variants keep.

    Attributes:
        schema: The business schema that it stands for.
        name: Its name.
        source: The schema of the sandbox that holds its rows.
        columns: In the order of the database.
        primary_key: Columns of the primary key, or none.
        unique: Columns of each key, the primary one included.
        foreign_keys: What it refers to.
        checks: Expressions that are not false for any row.
        is_alterable: False where a rule needs more than these (exclusion, unique over an expression or some rows):
            its variants hold some of its rows as they are.
    """

    schema: str
    name: str
    source: str
    columns: tuple[SuiteColumn, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[str, ...] = ()
    is_alterable: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """What foreign keys refer to it by."""
        return self.schema, self.name

    @property
    def origin(self) -> sql.Identifier:
        """The sandbox table."""
        return sql.Identifier(self.source, self.name)


def read_tables(connection: psycopg.Connection, sandboxes: Mapping[str, str]) -> list[SuiteTable]:
    """Reads the tables of all sandboxes, parents before children.

    Args:
        connection: Of a role that may read them, in autocommit mode.
        sandboxes: Business schema → the schema that holds its sandbox; the same one where the data is no copy.

    Returns:
        The tables; a table that is part of a circle of foreign keys stands where its name puts it.

    Raises:
        LookupError: A schema holds no table.
    """
    tables: dict[tuple[str, str], SuiteTable] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for business, source in sandboxes.items():
            found: dict[str, list[SuiteColumn]] = {}
            for row in cursor.execute(_RELATIONS, {"business": business, "sandbox": source}).fetchall():
                name = row.pop("table_name")
                column = SuiteColumn(row.pop("column_name"), **row)
                found.setdefault(name, []).append(column)
            if not found:
                raise LookupError(f"The schema {source} holds no table: build the sandbox first.")
            tables |= {(business, name): SuiteTable(business, name, source, tuple(c)) for name, c in found.items()}
        for business in sandboxes:
            for rule in cursor.execute(_RULES, {"business": business}).fetchall():
                key = business, rule["table_name"]
                if key in tables:
                    tables[key] = _with_rule(tables[key], rule, tables)
    held = {key: _held(connection, table, tables) for key, table in tables.items()}
    return [held[key] for key in _parents_first(held)]


def _with_rule(table: SuiteTable, rule: dict, tables: Mapping[tuple[str, str], SuiteTable]) -> SuiteTable:
    columns = tuple(rule["columns"])
    if rule["kind"] == "check":
        return replace(table, checks=(*table.checks, rule["expression"]))
    if rule["kind"] == "foreign":
        parent = rule["parent_schema"], rule["parent_table"]
        if parent not in tables:
            return table
        foreign_key = ForeignKey(columns, parent, tuple(rule["parent_columns"]))
        return replace(table, foreign_keys=(*table.foreign_keys, foreign_key))
    if rule["kind"] == "exclusion":
        return replace(table, is_alterable=False)
    is_primary = rule["kind"] == "primary"
    unique = table.unique if columns in table.unique else (*table.unique, columns)
    return replace(table, unique=unique, primary_key=columns if is_primary else table.primary_key)


def _held(
    connection: psycopg.Connection, table: SuiteTable, tables: Mapping[tuple[str, str], SuiteTable]
) -> SuiteTable:
    """The table with the rules that its sandbox keeps."""
    names = {column.name for column in table.columns}
    unique = table.unique or _first_column_as_key(table)
    unique = tuple(key for key in unique if names.issuperset(key) and _is_unique(connection, table, key))
    columns = [
        replace(column, is_required=column.is_required and not _has_null(connection, table, column.name))
        for column in table.columns
    ]
    return replace(
        table,
        columns=tuple(columns),
        unique=unique,
        primary_key=table.primary_key if table.primary_key in unique else (),
        foreign_keys=tuple(
            key for key in table.foreign_keys if _is_referential(connection, table, key, tables[key.parent])
        ),
        checks=tuple(check for check in table.checks if _is_checked(connection, table, check)),
    )


def _first_column_as_key(table: SuiteTable) -> tuple[tuple[str, ...], ...]:
    # Many warehouses declare no keys, and their tables start with one all the same. Taken for one if it is: otherwise a
    # variant would hold two states of one name, and call right SQL wrong.
    first = table.columns[0]
    return ((first.name,),) if first.is_plain else ()


def _is_unique(connection: psycopg.Connection, table: SuiteTable, key: tuple[str, ...]) -> bool:
    statement = "select 1 from {} where ({}) is not null group by {} having count(*) > 1"
    row = sql.SQL("row({})").format(_listed(key))
    is_unique = _finds_nothing(connection, sql.SQL(statement).format(table.origin, row, _listed(key)))
    if table.unique:
        return is_unique
    return is_unique and not _has_null(connection, table, key[0])


def _has_null(connection: psycopg.Connection, table: SuiteTable, column: str) -> bool:
    statement = sql.SQL("select 1 from {} where {} is null").format(table.origin, sql.Identifier(column))
    return not _finds_nothing(connection, statement)


def _is_checked(connection: psycopg.Connection, table: SuiteTable, check: str) -> bool:
    statement = sql.SQL("select 1 from {} where not ({})").format(table.origin, sql.SQL(check))
    return _finds_nothing(connection, statement)


def _is_referential(connection: psycopg.Connection, table: SuiteTable, key: ForeignKey, parent: SuiteTable) -> bool:
    statement = (
        "select 1 from {} as child where row({}) is not null and not exists (select 1 from {} as parent where {})"
    )
    child = sql.SQL(", ").join(sql.Identifier("child", column) for column in key.columns)
    return _finds_nothing(connection, sql.SQL(statement).format(table.origin, child, parent.origin, matched(key)))


def matched(key: ForeignKey) -> sql.Composed:
    """The condition that `child` refers to `parent`."""
    return sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier("child", column), sql.Identifier("parent", referred))
        for column, referred in zip(key.columns, key.parent_columns, strict=True)
    )


def _finds_nothing(connection: psycopg.Connection, statement: sql.Composed) -> bool:
    """Whether the query runs and finds no row; what cannot even be asked of the sandbox does not hold there."""
    try:
        with connection.transaction():
            return connection.execute(statement + sql.SQL(" limit 1")).fetchone() is None
    except psycopg.errors.ProgrammingError:
        return False


def _listed(columns: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _parents_first(tables: Mapping[tuple[str, str], SuiteTable]) -> list[tuple[str, str]]:
    graph = {key: [f.parent for f in table.foreign_keys if f.parent != key] for key, table in sorted(tables.items())}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError:
        # Whatever order is taken, some row refers to one that is not there yet: build.py repairs that.
        return sorted(tables)
