"""Mutants of a query that keep rows without a partner: an inner join made a left or a right one. Called by mutants.py.

Many such mutants mean the same as the query, and nothing could kill them: those that this module can prove to are left
out. It proves it where a later condition throws the kept rows away (a comparison is never true of nulls), and where a
foreign key that may not be null gives each row its partner. What it cannot prove is made, and counts.
"""

from collections.abc import Iterator

from sqlglot import exp

from training.sql.catalog import Catalog

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Like, exp.ILike)
# Of a null these make a null.
_STRICT = (exp.Cast, exp.Paren, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div)


def outer_sides(join: exp.Join, catalog: Catalog) -> Iterator[str]:
    """Says which sides an inner join could be given so that the query may mean something else.

    Args:
        join: A join with a condition.
        catalog: The tables.

    Yields:
        `LEFT`, `RIGHT`, both or neither.
    """
    select = join.parent
    if join.side or join.args.get("on") is None or not isinstance(select, exp.Select):
        return
    joins = select.args["joins"]
    if any(other.side for other in joins):
        return  # whose rows are whole and whose are not takes more than this to follow
    at = next(place for place, other in enumerate(joins) if other is join)
    before = [select.args["from_"].this, *(other.this for other in joins[:at])]
    needed = _needed_tables(select, joins[at + 1 :])
    new, old = join.this.alias_or_name, {source.alias_or_name for source in before}
    if new not in needed and not _each_has_parent(join, before, join.this, catalog):
        yield "LEFT"
    if not old & needed and not (len(before) == 1 and _each_has_parent(join, [join.this], before[0], catalog)):
        yield "RIGHT"


def _needed_tables(select: exp.Select, later: list[exp.Join]) -> set[str]:
    """The tables whose rows of nulls a condition throws away."""
    where = select.args.get("where")
    conditions = [join.args.get("on") for join in later] + [where.this if where else None]
    conjuncts = [part for condition in conditions if condition is not None for part in _conjuncts(condition)]
    return {column.table for part in conjuncts if _is_never_true_of_nulls(part) for column in _compared(part)}


def _conjuncts(condition: exp.Expression) -> list[exp.Expression]:
    return list(condition.flatten()) if isinstance(condition, exp.And) else [condition]


def _is_never_true_of_nulls(part: exp.Expression) -> bool:
    return isinstance(part, _COMPARISONS) or (
        isinstance(part, exp.Is) and bool(part.args.get("negate")) and isinstance(part.expression, exp.Null)
    )


def _compared(part: exp.Expression) -> Iterator[exp.Column]:
    """The columns of a comparison whose null makes the whole of it null."""
    sides = [part.this] if isinstance(part, exp.In | exp.Between | exp.Is) else [part.this, part.expression]
    while sides:
        side = sides.pop()
        if isinstance(side, exp.Column):
            yield side
        elif isinstance(side, _STRICT):
            sides += [side.this, *([side.expression] if isinstance(side, exp.Binary) else [])]


def _each_has_parent(join: exp.Join, children: list[exp.Expression], parent: exp.Expression, catalog: Catalog) -> bool:
    """Whether the join's condition is a foreign key, never null, from one of the children to the parent."""
    condition = join.args["on"]
    if not isinstance(condition, exp.EQ) or not isinstance(parent, exp.Table):
        return False
    for near, far in ((condition.this, condition.expression), (condition.expression, condition.this)):
        if not isinstance(near, exp.Column) or not isinstance(far, exp.Column) or far.table != parent.alias_or_name:
            continue
        child = next((source for source in children if source.alias_or_name == near.table), None)
        table = catalog.table(child.name, child.db or None) if isinstance(child, exp.Table) else None
        column = table.by_name.get(near.name) if table is not None else None
        if column is not None and not column.is_nullable and _refers(column.references, parent, far.name):
            return True
    return False


def _refers(reference: str | None, parent: exp.Table, column: str) -> bool:
    # `customers.customer_id`, or with a schema in front where there are several
    return reference is not None and reference.split(".")[-2:] == [parent.name, column]
