"""Binds every name of a statement to the catalog: tables, columns, stars, USING, aliases in ORDER BY and GROUP BY.

Called by the canonical form and by the guard; both read the `Binding`, the first rewrites the tree by it.
"""

import re
from dataclasses import dataclass, field

from sqlglot import exp

from training.sql.catalog import Catalog
from training.sql.errors import (
    AmbiguousColumn,
    AmbiguousRelation,
    NotOneSelect,
    UnknownColumn,
    UnknownRelation,
    UnsupportedSyntax,
)
from training.sql.functions import FUNCTIONS, MORE_FUNCTIONS
from training.sql.output_name import call_name, output_name
from training.sql.scope import (
    Joined,
    Output,
    Reference,
    Scope,
    Source,
    columns_by_name,
    find_column,
    find_source,
    output_position,
)

Ctes = dict[str, tuple[exp.CTE, dict[str, Output]]]

_OUTER = {"LEFT": 0, "": 0, "RIGHT": -1}
_LONGEST_NAME = 63  # bytes; PostgreSQL cuts longer ones, and then they may mean something else
_NAMES_VALUE = {
    f"{kind}_array_elements{suffix}" for kind in ("json", "jsonb") for suffix in ("", "_text")
}  # whose column has that name, whatever their alias
_PLAIN = (exp.Star, exp.Literal, exp.Column, exp.Null, exp.Boolean)


@dataclass
class Binding:
    """What the names of one statement mean.

    Attributes:
        sources: Every entry of every FROM clause, in the order they were bound.
        references: Every column, in the order they were bound.
        outputs: The select list of every query that another one reads, inner ones first.
        ctes: Every common table expression.
    """

    sources: list[Source] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    outputs: list[tuple[exp.Expression, list[Output]]] = field(default_factory=list)
    ctes: list[exp.CTE] = field(default_factory=list)


def bind(tree: exp.Select | exp.SetOperation, catalog: Catalog) -> Binding:
    """Bind a statement, expanding its stars and turning USING and NATURAL into ON.

    Args:
        tree: A tree of `parse_select`, changed in place.
        catalog: The tables and columns that exist.

    Returns:
        The meaning of each name.

    Raises:
        SqlError: A name means nothing or is ambiguous, or the syntax is not supported.
    """
    for identifier in tree.find_all(exp.Identifier):
        if len(identifier.name.encode(errors="replace")) > _LONGEST_NAME:
            raise UnsupportedSyntax(f"A name has at most {_LONGEST_NAME} bytes.")
        if not identifier.args.get("quoted"):
            identifier.set("this", fold(identifier.name))
    binder = _Binder(catalog)
    binder.query(tree, None, {})
    read = {id(source.node) for source in binder.binding.sources}
    if any(id(column) not in binder.bound for column in tree.find_all(exp.Column)):
        raise UnsupportedSyntax("A column stands where a query has no place for one.")
    if any(id(table) not in read for table in tree.find_all(exp.Table)):
        raise UnsupportedSyntax("A table stands where a query has no place for one.")
    return binder.binding


def fold(name: str) -> str:
    """Fold a name without quotes as PostgreSQL does in UTF-8: ASCII letters alone."""
    return re.sub("[A-Z]+", lambda match: match.group().lower(), name)


def _is_comma(join: exp.Join) -> bool:
    """Whether it is a comma between two entries of FROM, which sqlglot takes for a join."""
    return not any(join.args.get(part) for part in ("kind", "side", "method", "on", "using"))


class _Binder:
    def __init__(self, catalog: Catalog):
        self.catalog = catalog
        self.binding = Binding()
        self.bound: set[int] = set()  # ids of the columns in binding.references, which keeps them alive

    # Queries

    def query(self, node: exp.Expression, outer: Scope | None, ctes: Ctes) -> list[Output]:
        """Bind a query of any kind and return its columns."""
        ctes = self._with(node, outer, ctes)
        if isinstance(node, exp.Subquery | exp.SetOperation):
            outputs = self.query(node.this, outer, ctes)
            if isinstance(node, exp.SetOperation):
                self.query(node.expression, outer, ctes)
            self._order_by_output(node, outputs)
            for clause in ("limit", "offset"):
                self._children(node, clause, Scope(None, outer), ctes)
            return outputs
        if isinstance(node, exp.Select):
            return self._select(node, outer, ctes)
        raise NotOneSelect("Only SELECT may stand where a query is read.")

    def _with(self, node: exp.Expression, outer: Scope | None, ctes: Ctes) -> Ctes:
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        ctes = dict(ctes)
        for place, cte in enumerate(clause.expressions):
            if not isinstance(cte.this, exp.Query):
                raise NotOneSelect("WITH may hold only queries that read.")
            if clause.args.get("recursive"):
                self._check_order(cte, {other.alias for other in clause.expressions[place:]})
            names = [column.name for column in cte.args["alias"].columns]
            self.binding.ctes.append(cte)
            is_recursive = clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation)
            if is_recursive and not cte.this.args.get("with_"):
                outputs = self.query(cte.this.this, outer, ctes)
                inner = {**ctes, cte.alias: (cte, columns_by_name(outputs, names))}
                self.query(cte.this.expression, outer, inner)
                self._order_by_output(cte.this, outputs)
                for part in ("limit", "offset"):
                    self._children(cte.this, part, Scope(None, outer), ctes)
            else:
                outputs = self.query(cte.this, outer, ctes)
            cte.args["alias"].set("columns", None)
            ctes[cte.alias] = (cte, columns_by_name(outputs, names))
        return ctes

    @staticmethod
    def _check_order(cte: exp.CTE, later: set[str]) -> None:
        """Refuse forms of WITH RECURSIVE in which a name is a query to PostgreSQL, and would be a table here."""
        is_step = isinstance(cte.this, exp.SetOperation) and not cte.this.args.get("with_")
        start = cte.this.this if is_step else cte.this
        step = cte.this.expression.find_all(exp.Table) if is_step else ()
        early = [table for table in start.find_all(exp.Table) if table.name in later]
        early += [table for table in step if table.name in later - {cte.alias}]
        if any(not table.db for table in early):
            raise UnsupportedSyntax("A recursive query reads itself behind its UNION, and others before it alone.")

    def _select(self, node: exp.Select, outer: Scope | None, ctes: Ctes) -> list[Output]:
        scope = Scope(node, outer)
        from_ = node.args.get("from_")
        conditions: list[tuple[exp.Join, Scope]] = []
        if from_ is not None:
            scope.joined.append(Joined())
            self._relation(from_.this, scope, ctes)
        for join in node.args.get("joins") or ():
            if _is_comma(join):
                scope.joined.append(Joined())
            self._join(join, scope, ctes)
            joined = scope.joined[-1]  # a condition sees its own join, and what is joined before it
            conditions.append((join, Scope(node, outer, [Joined(list(joined.sources), dict(joined.merged))])))
        self._expand_stars(node, scope)
        outputs = [Output(output_name(item), item) for item in node.expressions]
        for item in node.expressions:
            self._expression(item, scope, ctes)
        for join, seen in conditions:
            self._children(join, "on", seen, ctes)
        for clause in ("where", "having", "windows", "limit", "offset"):
            self._children(node, clause, scope, ctes)
        self._clause(node.args.get("group"), outputs, scope, ctes, prefers_output=False)
        self._clause(node.args.get("order"), outputs, scope, ctes, prefers_output=True)
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            self._clause(distinct.args["on"], outputs, scope, ctes, prefers_output=True)
        self.binding.outputs.append((node, outputs))
        return outputs

    # FROM

    def _relation(self, node: exp.Expression, scope: Scope, ctes: Ctes) -> None:
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            raise UnsupportedSyntax("Joins in brackets are not supported: write them without.")
        if node.args.get("joins") or node.args.get("pivots") or node.args.get("sample") or node.args.get("only"):
            raise UnsupportedSyntax("A table stands in FROM by its name and alias alone.")
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            source = self._table(node, ctes)
        elif isinstance(node, exp.Subquery):
            source = Source(0, node.alias, node, columns_by_name(self.query(node.this, scope.parent, ctes)))
        elif isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            source = Source(0, node.alias, node, columns_by_name(self.query(node.this.this, scope, ctes)))
        elif isinstance(node, exp.Values):
            # Not LATERAL: what stands beside it in FROM is not in its sight, what is around the query is.
            self._expressions(node.expressions, Scope(None, scope.parent), ctes)
            width = len(node.expressions[0].expressions) if isinstance(node.expressions[0], exp.Tuple) else 1
            names = [f"column{position}" for position in range(1, width + 1)]
            source = Source(0, node.alias, node, {name: Output(name, final_name=name) for name in names})
        else:
            source = self._function(node, scope, ctes)
        alias = node.args.get("alias")
        if alias is not None and alias.columns and not isinstance(alias.columns[0], exp.ColumnDef):
            names = [column.name for column in alias.columns]
            names += list(source.columns)[len(names) :]
            if len(set(names)) < len(names):
                raise AmbiguousColumn("An alias gives two columns one name.")
            source.columns = dict(zip(names, source.columns.values(), strict=False))
            alias.set("columns", None)
        source.key, source.select = len(self.binding.sources) + 1, scope.select
        scope.joined[-1].sources.append(source)
        self.binding.sources.append(source)

    def _table(self, node: exp.Table, ctes: Ctes) -> Source:
        name = node.name
        if not node.db and name in ctes:
            cte, columns = ctes[name]
            return Source(0, node.alias or name, node, dict(columns), cte=cte)
        table = self.catalog.table(name, node.db or None)
        if table is None and not node.catalog and not node.db and self.catalog.schemas_of(name):
            raise AmbiguousRelation(
                f"A table without a schema is in {' and '.join(self.catalog.schemas_of(name))}, and a log does not say"
                " which search_path was in force: write the schema in front of it."
            )
        if table is None or node.catalog:
            raise UnknownRelation("A table of the FROM clause is not in the catalog.")
        columns = {column.name: Output(column.name, final_name=column.name) for column in table.columns}
        return Source(0, node.alias or name, node, columns, table=table)

    def _function(self, node: exp.Expression, scope: Scope, ctes: Ctes) -> Source:
        call = node if isinstance(node, exp.Unnest) else node.this
        if not isinstance(call, exp.Unnest | exp.Func) or node.args.get("offset") or node.args.get("ordinality"):
            raise UnsupportedSyntax("FROM may hold tables, queries, VALUES and plain function calls.")
        self._expressions(list(call.iter_expressions()) if call is not node else node.expressions, scope, ctes)
        if isinstance(call, exp.Unnest) and len(call.expressions) > 1:
            raise UnsupportedSyntax("unnest of several arrays is not supported: write one of each.")
        called = "unnest" if isinstance(call, exp.Unnest) else call_name(call)
        if called not in FUNCTIONS | MORE_FUNCTIONS:  # it may give several columns, or one with a name of its own
            raise UnsupportedSyntax("A function stands in FROM only where its columns are known.")
        name = node.alias or called
        column = "value" if called in _NAMES_VALUE else name
        return Source(0, name, node, {column: Output(column, final_name="value")})

    def _join(self, join: exp.Join, scope: Scope, ctes: Ctes) -> None:
        if join.args.get("pivots") or join.method not in ("", "NATURAL"):
            raise UnsupportedSyntax("This kind of join is not supported.")
        self._relation(join.this, scope, ctes)
        joined = scope.joined[-1]
        left, right = joined.sources[:-1], joined.sources[-1]
        names = [column.name for column in join.args.get("using") or ()]
        if join.method == "NATURAL":
            left_names = {name for source in left for name in source.columns}
            if "" in left_names or "" in right.columns:
                raise UnsupportedSyntax("NATURAL JOIN needs a name for each column: give them by AS.")
            names = [name for name in right.columns if name in left_names]
            join.set("method", None)
        if not names:
            return
        if join.side not in _OUTER:
            raise UnsupportedSyntax("FULL JOIN with USING is not supported: write it with ON.")
        conditions = []
        left_scope = Scope(scope.select, None, [Joined(left, joined.merged)])
        for name in names:
            source, output = find_column(name, None, left_scope)
            if output is None or name not in right.columns:
                raise UnknownColumn("A column of USING is not in both tables.")
            pair = (self._refer(source, name), self._refer(right, name))
            conditions.append(exp.EQ(this=pair[0], expression=pair[1]))
            known = joined.merged.get(name, [source])
            joined.merged[name] = [right, *known] if join.side == "RIGHT" else [*known, right]
        join.set("using", None)
        join.set("on", exp.and_(*conditions, copy=False))

    def _refer(self, source: Source, name: str) -> exp.Column:
        column = exp.column(name)
        self._record(column, source, source.columns[name])
        return column

    def _record(self, node: exp.Column, source: Source, output: Output | None) -> None:
        for used in [output] if output is not None else source.columns.values():
            used.is_used = True
        self.bound.add(id(node))
        self.binding.references.append(Reference(node, source, output))

    # Expressions

    def _expand_stars(self, node: exp.Select, scope: Scope) -> None:
        is_plain = all(isinstance(item.unalias(), _PLAIN) for item in node.expressions)
        if isinstance(node.parent, exp.Exists) and is_plain and not node.find(exp.AggFunc, exp.Order, exp.Distinct):
            # What EXISTS selects is never read; with an aggregate there is always a row, so that one stays.
            self._expressions([item for item in node.expressions if not item.is_star], scope, {})
            node.set("expressions", [exp.Literal.number(1)])
            return
        items: list[exp.Expression] = []
        for item in node.expressions:
            if not item.is_star or isinstance(item, exp.Alias | exp.Count):
                items.append(item)
            elif isinstance(item, exp.Column):
                source = find_source(item.table, item.db, scope)
                items.extend(self._refer(source, name) for name in source.columns)
            else:
                if not scope.sources or item.args.get("except_") or item.args.get("replace"):
                    raise UnsupportedSyntax("A star needs a FROM clause.")
                for joined in scope.joined:
                    items.extend(self._refer(sources[0], name) for name, sources in joined.merged.items())
                    for source in joined.sources:
                        kept = [name for name in source.columns if source not in joined.merged.get(name, ())]
                        items.extend(self._refer(source, name) for name in kept)
        node.set("expressions", items)

    def _clause(
        self, node: exp.Expression | None, outputs: list[Output], scope: Scope, ctes: Ctes, *, prefers_output: bool
    ) -> None:
        """Bind GROUP BY, ORDER BY or DISTINCT ON, where a bare name may be a column of the select list."""
        for element in node.expressions if node is not None else ():
            inner = element.this if isinstance(element, exp.Ordered) else element
            position = output_position(inner, outputs)
            if position and not prefers_output:
                position = 0 if any(inner.name in source.columns for source in scope.sources) else position
            if position:
                inner.replace(exp.Literal.number(position))
            else:
                self._expression(inner, scope, ctes)

    def _order_by_output(self, node: exp.SetOperation, outputs: list[Output]) -> None:
        for element in node.args["order"].expressions if node.args.get("order") else ():
            position = output_position(element.this, outputs)
            if position:
                element.this.replace(exp.Literal.number(position))
            elif not isinstance(element.this, exp.Literal):
                raise UnknownColumn("A set operation is ordered by a column of its result.")

    def _children(self, node: exp.Expression, key: str, scope: Scope, ctes: Ctes) -> None:
        value = node.args.get(key)
        self._expressions(value if isinstance(value, list) else [value] if value is not None else [], scope, ctes)

    def _expressions(self, nodes: list[exp.Expression], scope: Scope, ctes: Ctes) -> None:
        for node in nodes:
            self._expression(node, scope, ctes)

    def _expression(self, node: exp.Expression, scope: Scope, ctes: Ctes) -> None:
        if isinstance(node, exp.Select | exp.SetOperation):
            self.query(node, scope, ctes)
        elif not isinstance(node, exp.Column):
            self._expressions(list(node.iter_expressions()), scope, ctes)
        elif id(node) in self.bound:
            return
        elif isinstance(node.this, exp.Star):
            self._record(node, find_source(node.table, node.db, scope), None)
        else:
            source, output = find_column(node.name, node.table or None, scope, node.db)
            self._record(node, source, output)
