"""Tags a query with the kinds of SQL it uses. Called by the evaluation, which reports accuracy by category."""

from sqlglot import exp

from training.sql.parse import parse_select

_DATE_NODES = (exp.Interval, exp.Extract, exp.TimestampTrunc, exp.CurrentDate, exp.CurrentTimestamp, exp.TimeToStr)
_DATE_TYPES = (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ)
_DATE_FUNCTIONS = {"age", "make_date", "date_part", "date_bin"}


def categorize(sql: str) -> frozenset[str]:
    """Tag a query.

    Args:
        sql: One query.

    Returns:
        Any of: join, multi_join (more than one), group, having, window, cte, set_operation, nested, date, ratio, top_n,
        negation, aggregate.

    Raises:
        SqlError: The text is not one query.
    """
    tree = parse_select(sql)
    selects = list(tree.find_all(exp.Select))
    joins = max(len(select.args.get("joins") or ()) for select in selects)
    found = {
        "join": joins >= 1,
        "multi_join": joins >= 2,
        "group": tree.find(exp.Group) is not None,
        "having": tree.find(exp.Having) is not None,
        "window": tree.find(exp.Window) is not None,
        "cte": tree.find(exp.With) is not None,
        "set_operation": tree.find(exp.SetOperation) is not None,
        "nested": tree.find(exp.Subquery, exp.Exists) is not None,
        "date": _has_date(tree),
        "ratio": tree.find(exp.Div) is not None,
        "top_n": any(select.args.get("limit") and select.args.get("order") for select in [tree, *selects]),
        "negation": _has_negation(tree),
        "aggregate": any(not isinstance(call.parent, exp.Window) for call in tree.find_all(exp.AggFunc)),
    }
    return frozenset(tag for tag, is_found in found.items() if is_found)


def _has_date(tree: exp.Expression) -> bool:
    return (
        tree.find(*_DATE_NODES) is not None
        or any(cast.to.this in _DATE_TYPES for cast in tree.find_all(exp.Cast))
        or any(call.name.lower() in _DATE_FUNCTIONS for call in tree.find_all(exp.Anonymous))
    )


def _has_negation(tree: exp.Expression) -> bool:
    return tree.find(exp.Not, exp.NEQ, exp.Except) is not None or any(
        node.args.get("negate") for node in tree.find_all(exp.Is, exp.Like, exp.ILike)
    )
