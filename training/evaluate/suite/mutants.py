"""Mutants of a gold query: what it is most easily confused with. Pure; called by search.py.

Each is the query with one thing changed, from its parsed tree. The operators follow Tuya, Suarez-Cabal and de la Riva,
"Mutating database queries" (Information and Software Technology, 2007), as far as the questions here can go wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlglot import exp

from training.evaluate.suite.outer_joins import outer_sides
from training.evaluate.suite.swapped_columns import swapped_columns
from training.sql.catalog import Catalog
from training.sql.parse import WarehouseDialect, parse_select

_SWAPPED = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
}
_CONNECTIVES = {exp.And: exp.Or, exp.Or: exp.And}
_AGGREGATES = {exp.Sum: (exp.Avg, exp.Max), exp.Avg: (exp.Sum, exp.Min), exp.Min: (exp.Max,), exp.Max: (exp.Min,)}
_NOT_COUNTED = (exp.Group, exp.Order, exp.Limit, exp.Fetch, exp.Offset, exp.Interval, exp.Round)


@dataclass(frozen=True)
class Mutant:
    """One mutant; `operator` is the class of the change, as reports name it."""

    operator: str
    sql: str


def mutate(gold: str, catalog: Catalog) -> list[Mutant]:
    """Makes all mutants of a query.

    Args:
        gold: One query in canonical form.
        catalog: The tables that it reads.

    Returns:
        Mutants, no two with the same text and none with the gold's; some may not run, and some may mean the same.

    Raises:
        SqlError: The text is not one query.
    """
    tree = parse_select(gold)
    seen = {_text(tree)}
    mutants = []
    for operator, mutant in _changes(tree, catalog):
        text = _text(mutant)
        if text not in seen:
            seen.add(text)
            mutants.append(Mutant(operator, text))
    return mutants


def _changes(tree: exp.Expression, catalog: Catalog) -> Iterator[tuple[str, exp.Expression]]:
    for place, node in enumerate(tree.walk(bfs=False)):
        changes = list(_changes_of(node))
        if isinstance(node, exp.Join):
            changes += [("join", lambda copy, side=side: copy.set("side", side)) for side in outer_sides(node, catalog)]
        for operator, change in changes:
            copy = tree.copy()
            change(_at(copy, place))
            yield operator, copy
    for changed in swapped_columns(tree, catalog):
        yield "column", changed


def _at(tree: exp.Expression, place: int) -> exp.Expression:
    return next(node for number, node in enumerate(tree.walk(bfs=False)) if number == place)


Change = Callable[[exp.Expression], object]


def _changes_of(node: exp.Expression) -> Iterator[tuple[str, Change]]:
    """What can be changed at one node, as functions of the same node in a copy of the tree."""
    yield from _of_conditions(node)
    yield from _of_calls(node)
    yield from _of_clauses(node)
    if isinstance(node, exp.Literal) and not node.find_ancestor(*_NOT_COUNTED) and _is_compared(node):
        for text in _off_by_one(node):
            operator = "date" if node.is_string else "number"
            yield operator, lambda copy, text=text: copy.set("this", text)


def _of_conditions(node: exp.Expression) -> Iterator[tuple[str, Change]]:
    is_join = node.find_ancestor(exp.Join, exp.Select) is not None and isinstance(
        node.find_ancestor(exp.Join, exp.Select), exp.Join
    )
    if type(node) in _SWAPPED and not is_join:
        other = _SWAPPED[type(node)]
        yield "comparison", lambda copy: copy.replace(other(this=copy.this, expression=copy.expression))
    if type(node) in _CONNECTIVES:
        if not is_join:
            yield "connective", lambda copy: copy.replace(_connected(copy))
        yield "predicate", lambda copy: copy.replace(copy.this)
        yield "predicate", lambda copy: copy.replace(copy.expression)
    if isinstance(node, exp.Where | exp.Having):
        yield "predicate", lambda copy: copy.pop()
    if isinstance(node, exp.Not):
        yield "negation", lambda copy: copy.replace(copy.this)
    if isinstance(node, exp.Is | exp.Like | exp.ILike):
        yield "negation", lambda copy: copy.set("negate", not copy.args.get("negate"))
    if isinstance(node, exp.Between):
        yield "between", lambda copy: copy.replace(_open_ended(copy, exp.GT, exp.LTE))
        yield "between", lambda copy: copy.replace(_open_ended(copy, exp.GTE, exp.LT))


def _connected(copy: exp.Expression) -> exp.Expression:
    # In brackets, for the other connective may bind less tightly than what stands around it.
    other = _CONNECTIVES[type(copy)]
    return exp.Paren(this=other(this=_bracketed(copy.this), expression=_bracketed(copy.expression)))


def _bracketed(node: exp.Expression) -> exp.Expression:
    return exp.Paren(this=node.copy()) if isinstance(node, exp.And | exp.Or) else node.copy()


def _open_ended(copy: exp.Between, low: type[exp.Binary], high: type[exp.Binary]) -> exp.Expression:
    return exp.Paren(
        this=exp.And(
            this=low(this=copy.this.copy(), expression=copy.args["low"].copy()),
            expression=high(this=copy.this.copy(), expression=copy.args["high"].copy()),
        )
    )


def _of_calls(node: exp.Expression) -> Iterator[tuple[str, Change]]:
    for other in _AGGREGATES.get(type(node), ()):
        yield "aggregate", lambda copy, other=other: copy.replace(other(this=copy.this))
    if isinstance(node, exp.Count):
        if isinstance(node.this, exp.Distinct):
            yield "distinct", lambda copy: copy.set("this", copy.this.expressions[0])
        elif not isinstance(node.this, exp.Star):
            yield "aggregate", lambda copy: copy.set("this", exp.Star())


def _of_clauses(node: exp.Expression) -> Iterator[tuple[str, Change]]:
    if isinstance(node, exp.Select) and node.args.get("distinct") and not node.args["distinct"].args.get("on"):
        yield "distinct", lambda copy: copy.set("distinct", None)
    if isinstance(node, exp.SetOperation) and node.args.get("distinct"):
        yield "distinct", lambda copy: copy.set("distinct", False)
    if isinstance(node, exp.Ordered):
        yield "direction", lambda copy: (copy.set("desc", not copy.args.get("desc")), copy.set("nulls_first", None))
    if isinstance(node, exp.Limit) and isinstance(node.expression, exp.Literal):
        count = int(node.expression.name)
        for other in {count + 1, count - 1} - {0}:
            yield "limit", lambda copy, other=other: copy.set("expression", exp.Literal.number(other))
    if isinstance(node, exp.Join) and node.side == "LEFT":
        yield "join", lambda copy: copy.set("side", None)


def _is_compared(node: exp.Expression) -> bool:
    return node.find_ancestor(*_SWAPPED, exp.Between, exp.In) is not None


def _off_by_one(literal: exp.Literal) -> list[str]:
    if not literal.is_string:
        number = Decimal(literal.name)
        return [str(other) for other in (number + 1, number - 1) if other >= 0]
    try:
        day = date.fromisoformat(literal.name)
    except ValueError:
        return []
    return [(day + timedelta(days)).isoformat() for days in (1, -1)]


def _text(tree: exp.Expression) -> str:
    return tree.sql(dialect=WarehouseDialect)
