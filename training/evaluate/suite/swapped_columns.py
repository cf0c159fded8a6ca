"""Mutants of a query that take another column of the same type. Called by mutants.py."""

from collections.abc import Iterator

from sqlglot import exp

from training.sql.catalog import Catalog, Column, Table


def swapped_columns(tree: exp.Expression, catalog: Catalog) -> Iterator[exp.Expression]:
    """Changes each column of a table to the next one of the same type, everywhere in one SELECT.

    Args:
        tree: The query in canonical form.
        catalog: The tables that it reads.

    Yields:
        Changed copies; columns of derived tables, and columns that a join is on, are left alone.
    """
    for number, select in enumerate(tree.find_all(exp.Select)):
        for qualifier, name in _columns(select):
            table = _table(select, qualifier, catalog)
            other = None if table is None else _next_of_type(table, name)
            if other is None:
                continue
            copy = tree.copy()
            inside = list(copy.find_all(exp.Select))[number]
            for column in _own_columns(inside):
                if (column.table, column.name) == (qualifier, name):
                    column.set("this", exp.to_identifier(other.name))
            yield copy


def _columns(select: exp.Select) -> list[tuple[str, str]]:
    """The columns named in a SELECT, each once, without those that only joins name."""
    return list(dict.fromkeys((column.table, column.name) for column in _own_columns(select)))


def _own_columns(select: exp.Select) -> list[exp.Column]:
    return [
        column
        for column in select.find_all(exp.Column)
        if column.find_ancestor(exp.Select) is select
        and not isinstance(column.find_ancestor(exp.Join, exp.Select), exp.Join)
    ]


def _table(select: exp.Select, qualifier: str, catalog: Catalog) -> Table | None:
    """The table that a column of this SELECT belongs to; None where it is no plain table of its own FROM."""
    if select.args.get("from_") is None:
        return None
    sources = [select.args["from_"].this, *(join.this for join in select.args.get("joins") or ())]
    named = [source for source in sources if source.alias_or_name == qualifier] if qualifier else sources
    if len(named) != 1 or not isinstance(named[0], exp.Table):
        return None
    return catalog.table(named[0].name, named[0].db or None)


def _next_of_type(table: Table, name: str) -> Column | None:
    """The next column of the table with the same type, from its end on from its start."""
    if name not in table.by_name:
        return None
    at = [column.name for column in table.columns].index(name)
    following = (*table.columns[at + 1 :], *table.columns[:at])
    return next((column for column in following if _kind(column) == _kind(table.columns[at])), None)


def _kind(column: Column) -> str:
    return column.type.split("(")[0]
