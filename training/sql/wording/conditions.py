"""Says a condition of a query: `the status is not cancelled`, `the ordered date is in March 2024`.

Called by `verbalize`; values are said by `phrases`.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from training.sql.render import render
from training.sql.wording.words import column_words, day_of, listed, period_words

if TYPE_CHECKING:
    from training.sql.wording.say import Say

Rule = Callable[[exp.Expression, "Say", bool], str]

_ORDERED = {  # operator -> (of numbers, of dates)
    exp.GT: ("is more than", "is after"),
    exp.GTE: ("is at least", "is on or after"),
    exp.LT: ("is less than", "is before"),
    exp.LTE: ("is at most", "is on or before"),
}
_OPPOSITE = {exp.GT: exp.LTE, exp.GTE: exp.LT, exp.LT: exp.GTE, exp.LTE: exp.GT}


def conjuncts(node: exp.Expression | None) -> list[exp.Expression]:
    """The operands of an AND, however nested; one for another condition, none for None."""
    if node is None:
        return []
    node = node.unnest()
    return (
        [part for side in (node.this, node.expression) for part in conjuncts(side)] if type(node) is exp.And else [node]
    )


def condition_words(parts: Sequence[exp.Expression], say: "Say") -> str:
    """Says conditions that hold together; the two ends of a period are said as one.

    Args:
        parts: the conditions.
        say: what the names mean.
    """
    said, used = [], set()
    for place, part in enumerate(parts):
        if place in used:
            continue
        for other in range(place + 1, len(parts)):
            period = _period(part, parts[other], say)
            if period is not None and other not in used:
                used.add(other)
                said.append(period)
                break
        else:
            said.append(condition_phrase(part, say))
    return listed(said)


def condition_phrase(node: exp.Expression, say: "Say", is_negated: bool = False) -> str:
    """Says one condition.

    Args:
        node: a boolean expression.
        say: what the names mean.
        is_negated: whether to say its opposite.
    """
    node = node.unnest()
    rule = CONDITIONS.get(type(node))
    if rule is not None:
        return rule(node, say, is_negated)
    if isinstance(node, exp.Column):
        return _flag(node, say, is_negated)
    said = render(node) if isinstance(node, exp.Predicate) else f"{say.the(node)} is true"
    return f"it is not the case that {said}" if is_negated else said


def _period(lower: exp.Expression, upper: exp.Expression, say: "Say") -> str | None:
    if not isinstance(lower, exp.GTE) or not isinstance(upper, exp.LT | exp.LTE) or lower.this != upper.this:
        return None
    first, last = _day(lower.expression), _day(upper.expression)
    if isinstance(upper, exp.LTE):
        return f"{say.the(lower.this)} is between {say.the(lower.expression)} and {say.the(upper.expression)}"
    named = period_words(first, last) if first and last else None
    if named:
        return f"{say.the(lower.this)} is {named}"
    words = (
        ("from", "up to but not including") if say.kind(lower.this) in ("date", "day") else ("at least", "less than")
    )
    joint = " " if words[0] == "from" else " and "
    ends = f"{words[0]} {say.the(lower.expression)}{joint}{words[1]} {say.the(upper.expression)}"
    return f"{say.the(lower.this)} is {ends}"


def _day(node: exp.Expression):
    node = node.this if isinstance(node, exp.Cast) else node
    return day_of(node.name) if isinstance(node, exp.Literal) and node.is_string else None


def _equal(node: exp.Expression, say: "Say", is_negated: bool) -> str:
    is_not = is_negated != isinstance(node, exp.NEQ)
    if isinstance(node.expression, exp.Any | exp.All):
        return _quantified(node, "is not" if is_not else "is", say)
    if isinstance(node.expression, exp.Boolean):
        return condition_phrase(node.this, say, is_not == bool(node.expression.this))
    return f"{say.the(node.this)} {'is not' if is_not else 'is'} {say.the(node.expression)}"


def _ordered(node: exp.Expression, say: "Say", is_negated: bool) -> str:
    kind = _OPPOSITE[type(node)] if is_negated else type(node)
    is_date = "date" in (say.kind(node.this), say.kind(node.expression)) or say.kind(node.this) == "day"
    words = _ORDERED[kind][is_date]
    if isinstance(node.expression, exp.Any | exp.All):
        return _quantified(node, words, say)
    return f"{say.the(node.this)} {words} {say.the(node.expression)}"


def _quantified(node: exp.Expression, words: str, say: "Say") -> str:
    which = "any" if isinstance(node.expression, exp.Any) else "all"
    values = node.expression.this
    while isinstance(values, exp.Paren | exp.Tuple) and not isinstance(values, exp.Array):
        values = values.this if isinstance(values, exp.Paren) else values.expressions[0]
    if isinstance(values, exp.Array):
        said = listed([say.value(item) for item in values.expressions], "or" if which == "any" else "and")
    else:
        said = say.value(values) if not isinstance(values, exp.Query) else f"the {say.query(values)}"
    return f"{say.the(node.this)} {words} {which} of {said}"


def _between(node: exp.Between, say: "Say", is_negated: bool) -> str:
    low, high = node.args["low"], node.args["high"]
    return f"{say.the(node.this)} is {'not ' if is_negated else ''}between {say.the(low)} and {say.the(high)}"


def _in(node: exp.In, say: "Say", is_negated: bool) -> str:
    subject, query = say.the(node.this), node.args.get("query")
    if query is not None:
        return f"{subject} is {'not ' if is_negated else ''}among the {say.members(query.unnest())}"
    values = [say.value(item) for item in node.expressions]
    if len(values) == 1:
        return f"{subject} is {'not ' if is_negated else ''}{values[0]}"
    return f"{subject} is {'none of' if is_negated else 'one of'} {listed(values, 'or')}"


def _like(node: exp.Expression, say: "Say", is_negated: bool) -> str:
    is_not = is_negated != bool(node.args.get("negate"))
    pattern = node.expression
    case = " in any case" if isinstance(node, exp.ILike) else ""
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        return f"{say.the(node.this)} {'does not match' if is_not else 'matches'} {say.the(pattern)}{case}"
    text = pattern.name
    inner = text.strip("%")
    if not inner or any(sign in inner for sign in "%_\\"):
        verb = ("match", "matches"), f"the pattern '{text}'"
    elif text.startswith("%") and text.endswith("%"):
        verb = ("contain", "contains"), f"'{inner}'"
    elif text.endswith("%"):
        verb = ("start", "starts"), f"with '{inner}'"
    elif text.startswith("%"):
        verb = ("end", "ends"), f"with '{inner}'"
    else:
        verb = ("be", "is"), f"'{inner}'"
    (plain, inflected), rest = verb
    if plain == "be":
        return f"{say.the(node.this)} is {'not ' if is_not else ''}{rest}{case}"
    return f"{say.the(node.this)} {f'does not {plain}' if is_not else inflected} {rest}{case}"


def _matches(node: exp.Expression, say: "Say", is_negated: bool) -> str:
    case = " in any case" if isinstance(node, exp.RegexpILike) else ""
    verb = "does not match" if is_negated else "matches"
    return f"{say.the(node.this)} {verb} the pattern {render(node.expression)}{case}"


def _is(node: exp.Is, say: "Say", is_negated: bool) -> str:
    is_not = is_negated != bool(node.args.get("negate"))
    if isinstance(node.expression, exp.Null):
        if not isinstance(node.this, exp.Column) or not is_not:
            return f"{say.the(node.this)} is {'known' if is_not else 'missing'}"
        return f"{say.the(node.this)} is known"
    if isinstance(node.expression, exp.Boolean) and isinstance(node.this, exp.Column) and not is_not:
        return _flag(node.this, say, not node.expression.this)
    return f"{say.the(node.this)} is {'not ' if is_not else ''}{say.value(node.expression)}"


def _flag(node: exp.Column, say: "Say", is_negated: bool) -> str:
    """A boolean column: `the product is discontinued` for is_discontinued, else `the newsletter is true`."""
    if node.name.startswith("is_"):
        subject = say.noun_of(node)
        return f"the {subject} is {'not ' if is_negated else ''}{column_words(node.name)}"
    return f"{say.the(node)} is {'not true' if is_negated else 'true'}"


def _not(node: exp.Not, say: "Say", is_negated: bool) -> str:
    return condition_phrase(node.this, say, not is_negated)


def _and(node: exp.And, say: "Say", is_negated: bool) -> str:
    said = condition_words(conjuncts(node), say)
    return f"it is not the case that both {said}" if is_negated else said


def _or(node: exp.Or, say: "Say", is_negated: bool) -> str:
    parts = [condition_phrase(part, say) for part in node.flatten()]
    return f"{'neither' if is_negated else 'either'} {listed(parts, 'nor' if is_negated else 'or')}"


def _exists(node: exp.Exists, say: "Say", is_negated: bool) -> str:
    return say.existence(node.this.unnest(), is_negated)


def _same(node: exp.Expression, say: "Say", is_negated: bool) -> str:
    is_not = is_negated != isinstance(node, exp.NullSafeNEQ)
    verb = "differs from" if is_not else "is the same as"
    return f"{say.the(node.this)} {verb} {say.the(node.expression)} (missing counts as a value)"


def _constant(node: exp.Boolean, say: "Say", is_negated: bool) -> str:  # noqa: ARG001 - one signature for all
    return "it is always so" if bool(node.this) != is_negated else "it is never so"


CONDITIONS: dict[type[exp.Expression], Rule] = {
    exp.EQ: _equal,
    exp.NEQ: _equal,
    exp.GT: _ordered,
    exp.GTE: _ordered,
    exp.LT: _ordered,
    exp.LTE: _ordered,
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _like,
    exp.ILike: _like,
    exp.RegexpLike: _matches,
    exp.RegexpILike: _matches,
    exp.Is: _is,
    exp.Not: _not,
    exp.And: _and,
    exp.Or: _or,
    exp.Exists: _exists,
    exp.NullSafeEQ: _same,
    exp.NullSafeNEQ: _same,
    exp.Boolean: _constant,
}
