"""Writes a tree in the canonical spelling: short, lower-case, single spaces; `x::type`, `date '2024-01-01'`, `not in`.

Called by `canonical`. sqlglot's generator does the bulk; the nodes with a shorter spelling are replaced by their text.
"""

import re

from sqlglot import exp
from sqlglot.tokens import TokenType

from training.sql.errors import UnsupportedSyntax
from training.sql.names import needs_quotes
from training.sql.parse import WarehouseDialect

_TYPED_LITERALS = {"date", "timestamp", "timestamptz", "time"}
_VERBATIM = {
    TokenType.STRING,
    TokenType.IDENTIFIER,
    TokenType.BYTE_STRING,
    TokenType.BIT_STRING,
    TokenType.HEX_STRING,
    TokenType.NATIONAL_STRING,
    TokenType.RAW_STRING,
    TokenType.UNICODE_STRING,
    TokenType.HEREDOC_STRING,
}
# What `::` may follow without brackets.
_ATOMS = (exp.Column, exp.Func, exp.Paren, exp.Subquery, exp.Literal, exp.Var)
_NOT_ATOMS = (exp.Case, exp.Interval, exp.Connector, exp.Exists, exp.RegexpLike, exp.Extract)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_UNIT = re.compile(r"(\d+(?:\.\d+)?) *([a-z]+)")
_UNITS = {
    "year": {"y", "yr", "yrs", "year", "years"},
    "month": {"mon", "mons", "month", "months"},
    "week": {"w", "week", "weeks"},
    "day": {"d", "day", "days"},
    "hour": {"h", "hr", "hrs", "hour", "hours"},
    "minute": {"m", "min", "mins", "minute", "minutes"},
    "second": {"s", "sec", "secs", "second", "seconds"},
}
_SINGULAR = {spelling: unit for unit, spellings in _UNITS.items() for spelling in spellings}


def render(tree: exp.Expression) -> str:
    """Write a tree as canonical text.

    Args:
        tree: Any part of a statement; it is not changed.

    Returns:
        One line of PostgreSQL.
    """
    tree = tree.copy()
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("quoted", needs_quotes(identifier.name) and not isinstance(identifier.parent, exp.Anonymous))
    # Inner nodes first, so that each text holds the texts below it.
    for node in reversed(list(tree.walk(bfs=False))):
        text = _spelling(node)
        if text is None:
            continue
        if node is tree:
            return _lower(text)
        written = exp.Var(this=text)
        written.meta["was"] = type(node)
        node.replace(written)
    return _lower(_generate(tree))


def _generate(node: exp.Expression) -> str:
    try:
        return WarehouseDialect().generate(node, comments=False)
    except Exception:  # of whatever kind: sqlglot parses calls with arguments missing that it then cannot write
        raise UnsupportedSyntax("A part of the statement has no arguments, or others than it takes.") from None


def _spelling(node: exp.Expression) -> str | None:
    """The canonical text of a node that sqlglot would write differently; None for the others."""
    if isinstance(node, exp.Not) and isinstance(node.this, exp.In | exp.Between):
        left = _generate(node.this.this)
        return f"{left} not {_generate(node.this)[len(left) + 1 :]}"
    if isinstance(node, exp.Not) and isinstance(node.this, exp.RegexpLike | exp.RegexpILike):
        operator = "!~" if isinstance(node.this, exp.RegexpLike) else "!~*"
        return f"{_generate(node.this.this)} {operator} {_generate(node.this.expression)}"
    if type(node) is exp.Cast:
        return _cast(node)
    if isinstance(node, exp.Interval) and isinstance(node.this, exp.Literal):
        unit = node.args.get("unit")
        if isinstance(unit, exp.IntervalSpan) or (unit is not None and not _NUMBER.fullmatch(node.this.name)):
            return f"interval {_generate(node.this)} {_generate(unit)}"
        return f"interval '{_interval(node.this.name + ' ' + node.text('unit'))}'"
    if isinstance(node, exp.TimestampTrunc):
        zone = node.args.get("zone")
        parts = [f"'{node.text('unit').lower()}'", _generate(node.this), *([_generate(zone)] if zone else [])]
        return f"date_trunc({', '.join(parts)})"
    if isinstance(node, exp.CurrentTimestamp | exp.CurrentTime):
        name = "current_timestamp" if isinstance(node, exp.CurrentTimestamp) else "current_time"
        return f"{name}({_generate(node.this)})" if node.this else name.replace("current_timestamp", "now()")
    if isinstance(node, exp.Round | exp.IntDiv):  # sqlglot would wrap the argument, or the whole, in a cast
        arguments = node.args.values() if isinstance(node, exp.Round) else (node.this, node.expression)
        name = "round" if isinstance(node, exp.Round) else "div"
        return f"{name}({', '.join(_generate(value) for value in arguments if value is not None)})"
    if isinstance(node, exp.Filter):
        return f"{_generate(node.this)} filter ({_generate(node.expression).strip()})"
    if isinstance(node, exp.DataType):
        return _generate(node).replace("DECIMAL", "numeric")
    return None


def _cast(node: exp.Cast) -> str:
    operand, to = node.this, _generate(node.args["to"])
    if isinstance(operand, exp.Literal) and operand.is_string:
        if to.lower() in _TYPED_LITERALS:
            return f"{to.lower()} {_generate(operand)}"
        if to.lower() == "interval":
            return f"interval '{_interval(operand.name)}'"
    was = operand.meta.get("was")
    if was is exp.IntDiv:  # sqlglot reads div(a, b) with a cast around it
        return operand.name
    is_atom = isinstance(operand, _ATOMS) and not isinstance(operand, _NOT_ATOMS) and was is not exp.Not
    return f"{_generate(operand) if is_atom else f'({_generate(operand)})'}::{to}"


def _interval(text: str) -> str:
    """An interval's literal with its units spelled out, singular after 1; as written where it has another form."""
    if text.lstrip(" -").startswith("P"):  # ISO 8601, where PostgreSQL knows capitals alone
        return text.replace("'", "''")
    text = " ".join(text.lower().split())
    if not re.fullmatch(rf"(?:{_UNIT.pattern} ?)+", text):
        return text.replace("'", "''")
    parts = []
    for amount, unit in _UNIT.findall(text):
        if unit not in _SINGULAR:
            return text
        parts.append(f"{amount} {_SINGULAR[unit]}{'' if amount == '1' else 's'}")
    return " ".join(parts)


def _lower(text: str) -> str:
    """Lower the case of everything but literals and quoted names, with single spaces between tokens."""
    pieces, end = [], 0
    for token in WarehouseDialect().tokenize(text):
        pieces.append(" " if token.start > end else "")
        piece = text[token.start : token.end + 1]
        pieces.append(piece if token.token_type in _VERBATIM else piece.lower())
        end = token.end + 1
    return "".join(pieces).strip()
