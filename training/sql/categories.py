"""Tags a query with the kinds of SQL it uses. Called by the evaluation, which reports accuracy by category."""

from sqlglot import exp

from training.sql.parse import parse_select

_DATE_NODES = (
    exp.Interval, exp.Extract, exp.TimestampTrunc, exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp,
    exp.TimeToStr, exp.StrToDate, exp.UnixToTime, exp.Date, exp.DateBin, exp.TimestampFromParts, exp.JustifyDays,
)  # fmt: skip
_DATE_TYPES = (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ)
_DATE_FUNCTIONS = {"age", "make_date", "make_interval", "date_part", "date_trunc", "date_bin"}
_JOINS = {0: "no_join", 1: "one_join", 2: "two_joins"}


def categorize(sql: str) -> frozenset[str]:
    """Tags a query.

    Args:
        sql: One query.

    Returns:
        One of no_join, one_join, two_joins, more_joins (joins of the whole statement, a comma in FROM counts as one),
        and any of: group, having, window, cte, set_operation, nested (a query in FROM or in an expression), date,
        ratio, top_n, negation, aggregate.

    Raises:
        SqlError: The text is not one query.
    """
    tree = parse_select(sql)
    selects = list(tree.find_all(exp.Select))
    joins = sum(len(select.args.get("joins") or ()) for select in selects)
    found = {
        "group": tree.find(exp.Group) is not None,
        "having": tree.find(exp.Having) is not None,
        "window": tree.find(exp.Window) is not None,
        "cte": tree.find(exp.With) is not None,
        "set_operation": tree.find(exp.SetOperation) is not None,
        "nested": _is_nested(tree),
        "date": _has_date(tree),
        "ratio": tree.find(exp.Div) is not None,
        "top_n": any(select.args.get("limit") and select.args.get("order") for select in [tree, *selects]),
        "negation": _has_negation(tree),
        "aggregate": any(not is_windowed(call) for call in tree.find_all(exp.AggFunc)),
    }
    return frozenset({_JOINS.get(joins, "more_joins")} | {tag for tag, is_found in found.items() if is_found})


def is_windowed(call: exp.AggFunc) -> bool:
    """Tells whether an aggregate is computed over a window, and so leaves the rows as they are."""
    parent = call.parent.parent if isinstance(call.parent, exp.Filter | exp.WithinGroup) else call.parent
    return isinstance(parent, exp.Window)


def _is_nested(tree: exp.Expression) -> bool:
    # The operands of UNION may stand in brackets: they are no queries inside another.
    return tree.find(exp.Exists) is not None or any(
        not isinstance(query.parent, exp.SetOperation) for query in tree.find_all(exp.Subquery)
    )


def _has_date(tree: exp.Expression) -> bool:
    return (
        tree.find(*_DATE_NODES) is not None
        or any(cast.to.this in _DATE_TYPES for cast in tree.find_all(exp.Cast))
        or any(call.name.lower() in _DATE_FUNCTIONS for call in tree.find_all(exp.Anonymous))
    )


def _has_negation(tree: exp.Expression) -> bool:
    return tree.find(exp.Not, exp.NEQ, exp.NullSafeNEQ, exp.Except) is not None or any(
        node.args.get("negate") for node in tree.find_all(exp.Is, exp.Like, exp.ILike)
    )
