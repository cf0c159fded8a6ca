"""Says figures: counts, sums, percentages, and functions over a window. Called by `values`."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from training.sql.render import render
from training.sql.wording.words import listed, ordinal, plural_of

if TYPE_CHECKING:
    from training.sql.wording.say import Say

Rule = Callable[[exp.Expression, "Say"], str]

_RANKS = {
    exp.RowNumber: "row number", exp.Rank: "rank", exp.DenseRank: "dense rank", exp.PercentRank: "relative rank",
    exp.CumeDist: "cumulative share",
}  # fmt: skip


def percentage(node: exp.Expression) -> tuple[exp.Expression, exp.Expression] | None:
    """Finds part and whole of `100.0 * part / whole`, however it is bracketed or cast."""
    node = bare(node)
    if isinstance(node, exp.Div):
        top, bottom = bare(node.this), bare(node.expression)
        if isinstance(top, exp.Mul):
            for side, other in ((top.this, top.expression), (top.expression, top.this)):
                if _is_hundred(side):
                    return bare(other), bottom
    if isinstance(node, exp.Mul):
        for side, other in ((node.this, node.expression), (node.expression, node.this)):
            if _is_hundred(side) and isinstance(bare(other), exp.Div):
                return bare(bare(other).this), bare(bare(other).expression)
    return None


def bare(node: exp.Expression) -> exp.Expression:
    """The node without brackets, casts to numbers and the nullif that only guards a division."""
    while True:
        if isinstance(node, exp.Paren) or (isinstance(node, exp.Cast) and node.to.is_type(*exp.DataType.NUMERIC_TYPES)):
            node = node.this
        elif isinstance(node, exp.Nullif) and node.expression.name == "0":
            node = node.this
        else:
            return node


def _is_hundred(node: exp.Expression) -> bool:
    node = bare(node)
    return isinstance(node, exp.Literal) and not node.is_string and re.fullmatch(r"100(\.0*)?", node.name) is not None


def percentage_words(part: exp.Expression, whole: exp.Expression, say: "Say", digits: str = "") -> str:
    """Says a percentage.

    Args:
        part: What is divided.
        whole: What it is divided by.
        say: What the names mean.
        digits: How it is rounded.
    """
    counted = part.this if isinstance(part, exp.Filter) else None
    if isinstance(counted, exp.Count) and isinstance(whole, exp.Count) and counted == whole:
        return f"percentage{digits} of {_counted(counted, say)} where {say.condition(part.expression.this)}"
    if isinstance(counted, exp.Count) and isinstance(whole, exp.Count) and isinstance(counted.this, exp.Star):
        condition = say.condition(part.expression.this)
        return f"percentage{digits} of {say.plural} where {condition}, of the {say.value(whole)}"
    return f"{say.value(part)} as a percentage{digits} of {say.the(whole)}"


def _counted(node: exp.Count, say: "Say") -> str:
    """What a count counts, in the plural."""
    counted = node.this
    if isinstance(counted, exp.Distinct):
        columns = counted.expressions
        if len(columns) == 1 and isinstance(columns[0], exp.Column):
            keyed = say.rows_of_key(columns[0])
            return f"different {keyed or plural_of(say.value(columns[0]))}"
        return f"different combinations of {listed([say.value(column) for column in columns])}"
    if isinstance(counted, exp.Column) and not isinstance(counted.this, exp.Star):
        own = say.plural if say.is_whole_row(counted) else say.rows_of_own_key(counted)
        return own or f"{say.plural} with a known {say.value(counted)}"
    return say.plural


def _sum(node: exp.Sum, say: "Say") -> str:
    case = node.this
    if isinstance(case, exp.Case) and len(case.args["ifs"]) == 1 and case.this is None:
        then, otherwise = case.args["ifs"][0].args["true"], case.args.get("default")
        if then.name == "1" and (otherwise is None or otherwise.name == "0"):
            return f"number of {say.plural} where {say.condition(case.args['ifs'][0].this)}"
    return f"sum of {_aggregated(node.this, say)}"


def _aggregated(node: exp.Expression, say: "Say") -> str:
    if isinstance(node, exp.Distinct):
        return f"the different values of {listed([say.value(item) for item in node.expressions])}"
    return say.value(node)


def _extreme(words: dict[str, str]) -> Rule:
    def rule(node: exp.Expression, say: "Say") -> str:
        return f"{words.get(say.kind(node.this), words['number'])} {_aggregated(node.this, say)}"

    return rule


def _percentile(node: exp.WithinGroup, say: "Say") -> str:
    ordered = node.expression.expressions[0]
    value, function = say.value(ordered.this), node.this
    if isinstance(function, exp.Mode):
        return f"most frequent {value}"
    share = function.this
    if isinstance(share, exp.Literal) and not share.is_string:
        percent = float(share.name) * 100
        backward = " counted from the highest" if ordered.args.get("desc") else ""
        return f"median {value}{backward}" if percent == 50 else f"{percent:g}th percentile of {value}{backward}"
    return render(node)


def _window(node: exp.Window, say: "Say") -> str:
    order, partition = node.args.get("order"), node.args.get("partition_by") or ()
    spec, function = node.args.get("spec"), node.this
    within = f" within each {listed([say.value(item) for item in partition])}" if partition else ""
    by = f" by {say.order_words(order.expressions)}" if order is not None else ""
    if type(function) in _RANKS:
        return f"{_RANKS[type(function)]}{by}{within}"
    if isinstance(function, exp.Lag | exp.Lead):
        offset, side = function.args.get("offset"), "previous" if isinstance(function, exp.Lag) else "next"
        place = f"{side} " if offset is None or offset.name == "1" else f"{ordinal(int(offset.name))} {side} "
        return f"{place}{say.value(function.this)}{by}{within}"
    if order is None and not partition and isinstance(function, exp.Sum) and isinstance(function.this, exp.AggFunc):
        return f"overall {say.value(function.this)}"
    value = say.value(function)
    if order is not None:
        frame = f" over the {render(spec)}" if spec is not None else ""
        return f"{'moving' if frame else 'running'} {value}{by}{within}{frame}"
    return f"{value}{within}" if within else f"overall {value}"


FIGURES: dict[type[exp.Expression], Rule] = {
    exp.Count: lambda node, say: f"number of {_counted(node, say)}",
    exp.Sum: _sum,
    exp.Avg: lambda node, say: f"average {_aggregated(node.this, say)}",
    exp.Min: _extreme({"number": "lowest", "date": "earliest", "day": "earliest", "text": "alphabetically first"}),
    exp.Max: _extreme({"number": "highest", "date": "latest", "day": "latest", "text": "alphabetically last"}),
    exp.Filter: lambda node, say: f"{say.value(node.this)} where {say.condition(node.expression.this)}",
    exp.WithinGroup: _percentile,
    exp.Window: _window,
    exp.GroupConcat: lambda node, say: f"{_aggregated(node.this, say)} joined by {node.args['separator'].sql()}",
    exp.ArrayAgg: lambda node, say: f"list of {_aggregated(node.this, say)}",
    exp.Variance: lambda node, say: f"variance of {say.value(node.this)}",
}
