"""Rewrites that bring equal queries to one form without changing what they return.

Called by `canonical` on a tree whose names are marked: redundant brackets and keywords go, negations move inward,
conditions joined by AND or OR are put in order, the select list is referred to by position.
"""

from collections.abc import Callable

from sqlglot import exp

from training.sql.errors import UnsupportedSyntax

# How tightly PostgreSQL binds, loosest first; a bracket around a tighter expression than its parent is redundant.
_LEVELS: tuple[tuple[type[exp.Expression], ...], ...] = (
    (exp.Or,),
    (exp.And,),
    (exp.Not,),
    (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is),
    (exp.Between, exp.In, exp.Like, exp.ILike),
    (exp.DPipe,),
    (exp.Add, exp.Sub),
    (exp.Mul, exp.Div, exp.Mod),
)
# Comparisons by what they are with their sides exchanged.
_MIRRORED = {
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
    exp.NullSafeEQ: exp.NullSafeEQ,
    exp.NullSafeNEQ: exp.NullSafeNEQ,
    exp.LT: exp.GT,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
}
# What may stand on one side alone.
_ONE_SIDED = (exp.Any, exp.All, exp.Tuple)
_LEFT_ASSOCIATIVE = (exp.Or, exp.And, exp.DPipe, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
_ATOMS = (
    exp.Column, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Cast, exp.Interval, exp.Window, exp.Filter,
    exp.WithinGroup, exp.Placeholder, exp.Pow, exp.IntDiv,
)  # fmt: skip
# Parents that put their own brackets or commas around a child.
_ENCLOSING = (
    exp.Where,
    exp.Having,
    exp.Group,
    exp.Alias,
    exp.Ordered,
    exp.Paren,
    exp.Join,
    exp.Pow,
    exp.IntDiv,
)


def simplify(tree: exp.Expression) -> exp.Expression:
    """Remove what is redundant.

    Args:
        tree: The bound and marked tree, changed in place.

    Returns:
        The same tree.
    """
    for node in list(tree.walk(bfs=False)):
        if isinstance(node, exp.Select | exp.SetOperation):
            _inline_windows(node)
        elif isinstance(node, exp.Join):
            _plain_join(node)
        elif isinstance(node, exp.Count) and isinstance(node.this, exp.Literal) and not node.expressions:
            node.set("this", exp.Star())
        elif isinstance(node, exp.Ordered) and not node.args.get("desc"):
            node.set("desc", None)
        elif isinstance(node, exp.CTE):
            node.set("materialized", None)
        elif isinstance(node, exp.Fetch):
            _fetch_to_limit(node)
    for paren in reversed(list(tree.find_all(exp.Paren, bfs=False))):
        if _is_redundant(paren):
            paren.replace(paren.this)
    for node in list(tree.find_all(exp.Not)):
        _negate_inside(node)
    return tree


def _inline_windows(select: exp.Expression) -> None:
    named = {window.name: window for window in select.args.get("windows") or ()}
    if not named:
        return
    if any(window.find(exp.Query) for window in named.values()):
        raise UnsupportedSyntax("A query inside a WINDOW clause is not supported.")
    for window in list(select.find_all(exp.Window)):
        alias = window.args.get("alias")
        if alias is None or alias.name not in named or not window.args.get("over"):
            continue
        specification = named[alias.name]
        for key in ("partition_by", "order", "spec"):
            if window.args.get(key) is None and specification.args.get(key) is not None:
                value = specification.args[key]
                window.set(key, [item.copy() for item in value] if isinstance(value, list) else value.copy())
        window.set("alias", None)
    select.set("windows", None)


def _plain_join(join: exp.Join) -> None:
    if join.kind in ("INNER", "OUTER"):
        join.set("kind", None)
    if not join.side and not join.kind and isinstance(join.args.get("on"), exp.Boolean) and join.args["on"].this:
        join.set("kind", "CROSS")
        join.set("on", None)


def _fetch_to_limit(fetch: exp.Fetch) -> None:
    options = fetch.args.get("limit_options")
    if options is None or not (options.args.get("with_ties") or options.args.get("percent")):
        fetch.replace(exp.Limit(expression=fetch.args.get("count") or exp.Literal.number(1)))


def _level(node: exp.Expression) -> int | None:
    return next((level for level, kinds in enumerate(_LEVELS) if isinstance(node, kinds)), None)


def _is_redundant(paren: exp.Paren) -> bool:
    inner, parent = paren.this, paren.parent
    if isinstance(inner, exp.Select | exp.SetOperation | exp.Subquery):
        return isinstance(inner, exp.Subquery)
    if isinstance(inner, _ATOMS) or _is_call(inner):
        # (row).attribute, array subscripts and = any (array) need their brackets.
        return not isinstance(parent, exp.Dot | exp.Bracket | exp.Tuple | exp.GroupingSets | exp.Any | exp.All)
    if isinstance(parent, _ENCLOSING) or (isinstance(parent, exp.Select) and paren.arg_key == "expressions"):
        return True
    if _is_call(parent):
        return True
    inside, outside = _level(inner), _level(parent)
    if inside is None or outside is None:
        return False
    if inside == outside and isinstance(parent, _LEFT_ASSOCIATIVE):
        return paren.arg_key == "this" or isinstance(parent, exp.And | exp.Or)
    return inside > outside


def _is_call(node: exp.Expression) -> bool:
    # The parser also takes AND, casts and some operators for functions.
    return isinstance(node, exp.Func) and not isinstance(node, exp.Binary | exp.Cast)


def _negate_inside(node: exp.Not) -> None:
    inner = node.this
    if isinstance(inner, exp.Like | exp.ILike) and not inner.args.get("negate"):
        inner.set("negate", True)
        node.replace(inner)
    elif isinstance(inner, exp.Is) and not inner.args.get("negate") and _is_scalar(inner.this):
        inner.set("negate", True)
        node.replace(inner)


def _is_scalar(node: exp.Expression) -> bool:
    # `not r is null` and `r is not null` differ for a row r; only a plain column, not a whole row, is surely no row.
    return isinstance(node, exp.Column) and bool(node.table)


def order_conditions(tree: exp.Expression, key: Callable[[exp.Expression], tuple[str, ...]]) -> None:
    """Put the operands of AND and OR, and the two sides of a comparison, into one order.

    Args:
        tree: The simplified tree, changed in place.
        key: The sort key of an operand, which must not depend on alias names.
    """
    # Inner ones first: the order of an outer condition depends on how the inner ones are written.
    for node in reversed(list(tree.find_all(exp.And, exp.Or, *_MIRRORED, bfs=False))):
        if type(node) in _MIRRORED:
            _order_sides(node, key)
        elif type(node.parent) is not type(node):
            _sort_operands(node, type(node), key)


def _order_sides(node: exp.Expression, key: Callable[[exp.Expression], tuple[str, ...]]) -> None:
    """A column before an expression before a query before a constant before a literal; of two alike, by the key."""
    left, right = node.this, node.expression
    if isinstance(left, _ONE_SIDED) or isinstance(right, _ONE_SIDED):
        return
    places = _place(left), _place(right)
    if places[0] > places[1] or (places[0] == places[1] and key(left) > key(right)):
        node.replace(_MIRRORED[type(node)](this=right, expression=left))


def _place(side: exp.Expression) -> int:
    if isinstance(side, exp.Column):
        return 0
    if side.find(exp.Query) is not None:
        return 2
    if side.find(exp.Column, exp.AggFunc, exp.Window) is not None:
        return 1
    return 4 if isinstance(side.this if isinstance(side, exp.Cast | exp.Neg) else side, exp.Literal) else 3


def _sort_operands(node: exp.Expression, kind: type[exp.Expression], key: Callable[[exp.Expression], tuple]) -> None:
    operands = sorted(node.flatten(unnest=False), key=key)
    place = exp.Null()
    node.replace(place)
    chained = operands[0]
    for operand in operands[1:]:
        chained = kind(this=chained, expression=operand)
    place.replace(chained)


def refer_by_position(tree: exp.Expression) -> None:
    """In GROUP BY and ORDER BY, name a plain column and number any other expression of the select list.

    Args:
        tree: The tree in its final order, changed in place.
    """
    for select in tree.find_all(exp.Select):
        items = [item.unalias() for item in select.expressions]
        for clause in (select.args.get("group"), select.args.get("order")):
            for element in clause.expressions if clause is not None else ():
                inner = element.this if isinstance(element, exp.Ordered) else element
                if isinstance(inner, exp.Literal) and inner.is_int and 0 < int(inner.name) <= len(items):
                    item = items[int(inner.name) - 1]
                    if isinstance(item, exp.Column):
                        inner.replace(item.copy())
                elif not isinstance(inner, exp.Column) and inner in items:
                    inner.replace(exp.Literal.number(items.index(inner) + 1))
