"""Says a value of a query as a noun phrase: `sum of total`, `number of orders where the status is paid`.

Called by `verbalize`, whose `Say` knows what the names mean; a node that no rule knows is said by its SQL.
"""

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from training.sql.render import render
from training.sql.wording.figures import FIGURES, Rule, bare, percentage, percentage_words
from training.sql.wording.words import column_words, listed, literal_words

if TYPE_CHECKING:
    from training.sql.wording.say import Say

_UNITS = {"doy": "day of the year", "dow": "day of the week", "isodow": "day of the week", "epoch": "seconds"}
_CONDITIONS = (exp.Predicate, exp.Connector, exp.Not, exp.Exists)


def _div(node: exp.Div, say: "Say") -> str:
    return f"{say.value(bare(node.this))} divided by {_inner(bare(node.expression), say)}"


def _case(node: exp.Case, say: "Say") -> str:
    branches = []
    for branch in node.args["ifs"]:
        if node.this is None:
            condition = say.condition(branch.this)
        else:
            condition = f"{say.value(node.this)} is {say.value(branch.this)}"
        branches.append(f"{say.value(branch.args['true'])} if {condition}")
    default = node.args.get("default")
    ending = f", otherwise {say.value(default)}" if default is not None else ""
    return f"label ({', '.join(branches)}{ending})"


def _sub(node: exp.Sub, say: "Say") -> str:
    if isinstance(node.expression, exp.Interval):
        return f"{say.value(node.expression)} before {say.value(node.this)}"
    kinds = {say.kind(node.this), say.kind(node.expression)}
    if kinds <= {"date", "day"}:
        unit = "number of days" if kinds == {"day"} else "time"
        return f"{unit} from {say.value(node.expression)} to {say.value(node.this)}"
    return f"{say.value(node.this)} minus {_inner(node.expression, say)}"


def _add(node: exp.Add, say: "Say") -> str:
    if isinstance(node.expression, exp.Interval):
        return f"{say.value(node.expression)} after {say.value(node.this)}"
    return f"{say.value(node.this)} plus {say.value(node.expression)}"


def _mul(node: exp.Mul, say: "Say") -> str:
    return f"{_inner(node.this, say)} times {_inner(node.expression, say)}"


def _inner(node: exp.Expression, say: "Say") -> str:
    """An operand, in brackets where it would run together with what stands around it."""
    text = say.value(node)
    is_sum = isinstance(bare(node), exp.Add | exp.Sub | exp.Div) or (isinstance(node, exp.Paren) and " " in text)
    return f"({text})" if is_sum and not text.startswith("(") else text


def _round(node: exp.Round, say: "Say") -> str:
    places, parts = node.args.get("decimals"), percentage(node.this)
    if parts is not None and places is not None:
        return percentage_words(*parts, say, f" (to {places.name} decimals)".replace("(to 1 decimals", "(to 1 decimal"))
    if places is None or places.name == "0":
        return f"{say.value(node.this)} (rounded)"
    return f"{say.value(node.this)} (rounded to {places.name} decimal{'' if places.name == '1' else 's'})"


def _extract(node: exp.Extract, say: "Say") -> str:
    unit = node.this.name.lower()
    return f"{_UNITS.get(unit, unit)} of {say.value(node.expression)}"


def _cast(node: exp.Cast, say: "Say") -> str:
    if isinstance(node.this, exp.Literal | exp.Interval):
        return say.value(node.this)
    if node.to.is_type("date"):
        value = say.value(node.this)
        return value if say.kind(node.this) == "day" else f"day of {value}"
    return f"{say.value(node.this)} as text" if node.to.is_type("text", "varchar") else say.value(node.this)


def _interval(node: exp.Interval, _say: "Say") -> str:
    return re.sub(r"^interval |'", "", render(node))


def _series(node: exp.Expression, say: "Say") -> str:
    step = f" in steps of {say.value(node.args['step'])}" if node.args.get("step") else ""
    return f"series from {say.value(node.args['start'])} to {say.value(node.args['end'])}{step}"


def _column(node: exp.Column, say: "Say") -> str:
    return say.column(node)


def _always(words: str) -> Rule:
    return lambda _node, _say: words


def _boolean(node: exp.Boolean, _say: "Say") -> str:
    return "true" if node.this else "false"


def _coalesce(node: exp.Coalesce, say: "Say") -> str:
    others = listed([say.value(item) for item in node.expressions], "or")
    return f"{say.value(node.this)} (or {others} where it is missing)"


def _literal(node: exp.Literal, _say: "Say") -> str:
    return literal_words(node.name) if node.is_string else node.name


def _function(node: exp.Func, say: "Say") -> str:
    """A function without a phrase of its own: its name, and what it is given."""
    name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
    arguments = node.expressions if isinstance(node, exp.Anonymous) else list(node.iter_expressions())
    said = [say.value(argument) for argument in arguments]
    return f"{column_words(name.lower())} of {listed(said)}" if said else column_words(name.lower())


VALUES: dict[type[exp.Expression], Rule] = {
    **FIGURES,
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Paren: lambda node, say: say.value(node.this),
    exp.Alias: lambda node, say: say.value(node.this),
    exp.Neg: lambda node, say: f"-{say.value(node.this)}",
    exp.Null: _always("nothing"),
    exp.Boolean: _boolean,
    exp.Star: _always("everything"),
    exp.Tuple: lambda node, say: listed([say.value(item) for item in node.expressions]),
    exp.Subquery: lambda node, say: f"the {say.query(node.this)}",
    exp.Case: _case,
    exp.Add: _add,
    exp.Sub: _sub,
    exp.Mul: _mul,
    exp.Div: _div,
    exp.Mod: lambda node, say: f"remainder of {say.value(node.this)} divided by {_inner(node.expression, say)}",
    exp.DPipe: lambda node, say: f"{say.value(node.this)} followed by {say.value(node.expression)}",
    exp.Concat: lambda node, say: " followed by ".join(say.value(item) for item in node.expressions),
    exp.Round: _round,
    exp.Coalesce: _coalesce,
    exp.Nullif: lambda node, say: f"{say.value(node.this)} (missing where it is {say.value(node.expression)})",
    exp.Extract: _extract,
    exp.TimestampTrunc: lambda node, say: f"calendar {node.text('unit').lower()} of {say.value(node.this)}",
    exp.DateTrunc: lambda node, say: f"calendar {node.text('unit').lower()} of {say.value(node.this)}",
    exp.ToChar: lambda node, say: f"{say.value(node.this)} written as {node.text('format')}",
    exp.TimeToStr: lambda node, say: f"{say.value(node.this)} written as {node.text('format')}",
    exp.Cast: _cast,
    exp.Interval: _interval,
    exp.AtTimeZone: lambda node, say: f"{say.value(node.this)} in the time zone {say.value(node.args['zone'])}",
    exp.CurrentDate: _always("today"),
    exp.CurrentTimestamp: _always("now"),
    exp.Lower: lambda node, say: f"{say.value(node.this)} in lower case",
    exp.Upper: lambda node, say: f"{say.value(node.this)} in upper case",
    exp.Order: lambda node, say: f"{say.value(node.this)} sorted by {say.order_words(node.expressions)}",
    exp.GenerateSeries: _series,
    exp.ExplodingGenerateSeries: _series,
}


def with_article(node: exp.Expression, say: "Say") -> str:
    """Says a value with its article, where it takes one: `the total`, but `5`, `Germany`, `today`."""
    said, inner = say.value(node), node.unnest()
    is_name = isinstance(inner, exp.Literal | exp.Boolean | exp.Null | exp.Interval | exp.CurrentDate | exp.Neg)
    is_date = isinstance(inner, exp.Cast) and isinstance(inner.this, exp.Literal)
    is_said = said.startswith(("the ", "whether ", "now", "(")) or said[:1].isdigit()
    return said if is_name or is_date or is_said else f"the {said}"


def value_phrase(node: exp.Expression, say: "Say") -> str:
    """Says a value without an article.

    Args:
        node: any expression of a query.
        say: what the names around it mean.

    Returns:
        A noun phrase; the node's SQL where no rule knows it.
    """
    parts = percentage(node)
    if parts is not None:
        return percentage_words(*parts, say)
    rule = VALUES.get(type(node))
    if rule is not None:
        return rule(node, say)
    if isinstance(node, _CONDITIONS) and not isinstance(node, exp.Cast):
        return f"whether {say.condition(node)}"
    if isinstance(node, exp.Func):
        return _function(node, say)
    return render(node)
