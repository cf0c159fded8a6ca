"""What a name in a query can mean: the sources of a FROM clause, their columns, and the search through nested queries.

Used by `bind`, which walks the statement; the canonical form and the guard read the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from training.sql.catalog import Table
from training.sql.errors import AmbiguousColumn, UnknownColumn, UnknownRelation


@dataclass(eq=False)
class Output:
    """One column that a query or a table gives to those who select from it.

    Attributes:
        name: Its name in the statement as written.
        item: The expression of the select list that computes it; None for a column of a table.
        is_used: Whether an outer query refers to it, so that it needs a name.
        final_name: Its name in the canonical form, once decided.
    """

    name: str
    item: exp.Expression | None = None
    is_used: bool = False
    final_name: str | None = None


@dataclass(eq=False)
class Source:
    """One entry of a FROM clause.

    Attributes:
        key: Its number within the statement.
        name: The name that columns are qualified with in the statement as written.
        node: Its node in the tree.
        columns: Its columns by the names that the statement may use.
        table: The table of the catalog, where it is one.
        cte: The common table expression it reads, where it does.
        select: The SELECT whose FROM clause holds it.
    """

    key: int
    name: str
    node: exp.Expression
    columns: dict[str, Output]
    table: Table | None = None
    cte: exp.CTE | None = None
    select: exp.Select | None = None


@dataclass(eq=False)
class Joined:
    """What stands between two commas of a FROM clause: sources, and the columns that USING merged.

    Attributes:
        sources: Its sources, in their order.
        merged: By name, the sources whose column is one; the first gives the value.
    """

    sources: list[Source] = field(default_factory=list)
    merged: dict[str, list[Source]] = field(default_factory=dict)

    def found(self, name: str) -> list[Source]:
        """The sources that have a column, those whose columns are merged once."""
        merged = self.merged.get(name, [])
        return [*merged[:1], *(source for source in self.sources if name in source.columns and source not in merged)]


@dataclass(eq=False)
class Scope:
    """One SELECT: its sources by the commas of its FROM clause, and the SELECT around it."""

    select: exp.Select | None
    parent: "Scope | None"
    joined: list["Joined"] = field(default_factory=list)

    @property
    def sources(self) -> list[Source]:
        """All sources, in their order."""
        return [source for joined in self.joined for source in joined.sources]


@dataclass(eq=False)
class Reference:
    """A column of the statement and what it turned out to mean; `output` is None for a whole row."""

    node: exp.Column
    source: Source
    output: Output | None


def find_source(name: str, schema: str, scope: Scope | None) -> Source:
    """Find the source that a qualifier names, from the innermost SELECT outwards.

    Args:
        name: An alias, or a table's name.
        schema: What stands before it, which only a table without an alias can have; empty for none.
        scope: The SELECT that the column stands in.

    Raises:
        UnknownRelation: No source in sight has the name.
    """
    while scope is not None:
        for source in scope.sources:
            has_schema = source.table is not None and source.table.schema == schema and not source.node.alias
            if source.name == name and (not schema or has_schema):
                return source
        scope = scope.parent
    raise UnknownRelation("A column is qualified with a name that no table of its FROM clause has.")


def find_column(name: str, qualifier: str | None, scope: Scope, schema: str = "") -> tuple[Source, Output | None]:
    """Find what a column means, by PostgreSQL's rules.

    Args:
        name: The column's name.
        qualifier: The name before the dot, or None.
        scope: The SELECT that it stands in.
        schema: The name before the qualifier, or nothing.

    Returns:
        The source and its column; the column is None where the name is a source's, and so its whole row.

    Raises:
        UnknownRelation: The qualifier names nothing.
        UnknownColumn: No source in sight has the column.
        AmbiguousColumn: Two sources of one FROM clause have it.
    """
    if qualifier is not None:
        source = find_source(qualifier, schema, scope)
        if name not in source.columns:
            relation = f" {source.table.name}" if source.table else ""
            raise UnknownColumn(f"A column is not one of those of its relation{relation}.")
        return source, source.columns[name]
    level: Scope | None = scope
    while level is not None:
        found = [source for joined in level.joined for source in joined.found(name)]
        if len(found) > 1:
            raise AmbiguousColumn("A column without a qualifier is in more than one table of its FROM clause.")
        if found:
            return found[0], found[0].columns[name]
        level = level.parent
    level = scope  # only what is no column of any level is the whole row of a source
    while level is not None:
        rows = [source for source in level.sources if source.name == name]
        if rows:
            return rows[0], None
        level = level.parent
    raise UnknownColumn("A column is in none of the tables that the query reads.")


def output_position(node: exp.Expression, outputs: list[Output]) -> int:
    """The place of the select item that a bare name means, counted from one; 0 for none."""
    if not isinstance(node, exp.Column) or node.table:
        return 0
    return next((place for place, output in enumerate(outputs, start=1) if output.name == node.name), 0)


def columns_by_name(outputs: list[Output], names: Sequence[str] = ()) -> dict[str, Output]:
    """The columns by name; the names of an alias's column list, which may be shorter, come first."""
    taken = [*names, *(output.name for output in outputs[len(names) :])]
    return dict(zip(taken, outputs, strict=False))
