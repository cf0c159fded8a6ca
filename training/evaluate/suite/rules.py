"""Makes the rows of a fresh variant keep their tables' rules, and has the server enforce them. Called by build.py."""

from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql

from training.evaluate.suite.tables import SuiteTable, matched


def mend(
    connection: psycopg.Connection, tables: Sequence[SuiteTable], targets: Mapping[tuple[str, str], sql.Identifier]
) -> None:
    """Removes the rows that break a rule, and lets go of parents that are gone.

    Args:
        connection: Of the role that owns the variant.
        tables: Parents before children.
        targets: Business schema and table → the variant's table.
    """
    for table in tables:
        for statement in _violations(table, targets[table.key]):
            connection.execute(statement)
    # A row that goes may have been another's parent: again until nothing goes.
    while sum(_follow_parents(connection, table, targets) for table in tables):
        pass


def enforce(
    connection: psycopg.Connection, tables: Sequence[SuiteTable], targets: Mapping[tuple[str, str], sql.Identifier]
) -> None:
    """Declares all rules as constraints, so that no variant exists that breaks one.

    Args:
        connection: Of the role that owns the variant.
        tables: The tables, mended.
        targets: Business schema and table → the variant's table.

    Raises:
        psycopg.IntegrityError: A row breaks a rule.
    """
    for table in tables:
        clauses = [
            sql.SQL("alter column {} set not null").format(sql.Identifier(column.name))
            for column in table.columns
            if column.is_required
        ]
        for key in table.unique:
            word = sql.SQL("primary key" if key == table.primary_key else "unique")
            clauses.append(sql.SQL("add {} ({})").format(word, _listed(key)))
        clauses += [sql.SQL("add check ({})").format(sql.SQL(check)) for check in table.checks]
        _alter(connection, targets[table.key], clauses)
    for table in tables:  # what they refer to has its keys now
        clauses = [
            sql.SQL("add foreign key ({}) references {} ({})").format(
                _listed(key.columns), targets[key.parent], _listed(key.parent_columns)
            )
            for key in table.foreign_keys
        ]
        _alter(connection, targets[table.key], clauses)


def _violations(table: SuiteTable, target: sql.Identifier) -> list[sql.Composed]:
    required = [
        sql.SQL("{} is null").format(sql.Identifier(column.name)) for column in table.columns if column.is_required
    ]
    broken = [*required, *(sql.SQL("not ({})").format(sql.SQL(check)) for check in table.checks)]
    statements = []
    if broken:
        statements.append(sql.SQL("delete from {} where {}").format(target, sql.SQL(" or ").join(broken)))
    for key in table.unique:
        numbered = sql.SQL(
            "delete from {target} as doubled using (select ctid as place, row_number() over (partition by {key} "
            "order by ctid) as number from {target} where row({key}) is not null) as numbered "
            "where doubled.ctid = numbered.place and numbered.number > 1"
        )
        statements.append(numbered.format(target=target, key=_listed(key)))
    return statements


def _follow_parents(
    connection: psycopg.Connection, table: SuiteTable, targets: Mapping[tuple[str, str], sql.Identifier]
) -> int:
    changed = 0
    required = {column.name for column in table.columns if column.is_required} | set(table.primary_key)
    for key in table.foreign_keys:
        orphaned = sql.SQL("row({}) is not null and not exists (select 1 from {} as parent where {})").format(
            sql.SQL(", ").join(sql.Identifier("child", column) for column in key.columns),
            targets[key.parent],
            matched(key),
        )
        optional = [column for column in key.columns if column not in required]
        if optional:
            statement = sql.SQL("update {} as child set {} = null where {}").format(
                targets[table.key], sql.Identifier(optional[0]), orphaned
            )
        else:
            statement = sql.SQL("delete from {} as child where {}").format(targets[table.key], orphaned)
        changed += connection.execute(statement).rowcount
    return changed


def _alter(connection: psycopg.Connection, target: sql.Identifier, clauses: list[sql.Composed]) -> None:
    if clauses:
        connection.execute(sql.SQL("alter table {} {}").format(target, sql.SQL(", ").join(clauses)))


def _listed(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
