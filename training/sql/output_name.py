"""The name that PostgreSQL gives to an item of a select list which has no alias; used by `bind`.

A name that PostgreSQL does not give would hide a column of a query around: `select (select email from (select 'email'))
from people` reads people. So what is not known for certain has no name here. The rules are those of FigureColname in
PostgreSQL's parse_target.c.
"""

from sqlglot import exp

from training.sql.parse import WRITTEN

_NAMELESS = "?column?"
# What stands around a call and leaves it its name.
_AROUND = (exp.Paren, exp.Window, exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls, exp.Bracket)
# Those whose node alone tells how they are written; Ceil, Extract and CurrentTimestamp have two spellings each.
_BY_NODE = {
    exp.Array: "array", exp.AtTimeZone: "timezone", exp.CurrentDate: "current_date", exp.CurrentTime: "current_time",
    exp.Floor: "floor", exp.Initcap: "initcap",
    exp.Exists: "exists", exp.GroupConcat: "string_agg", exp.Localtime: "localtime",
    exp.Localtimestamp: "localtimestamp", exp.StrPosition: "position", exp.Substring: "substring", exp.Tuple: "row",
}  # fmt: skip
_TRIMS = {"LEADING": "ltrim", "TRAILING": "rtrim"}
_TYPES = {
    exp.DType.BIGINT: "int8", exp.DType.BOOLEAN: "bool", exp.DType.DATE: "date", exp.DType.DECIMAL: "numeric",
    exp.DType.DOUBLE: "float8", exp.DType.INT: "int4", exp.DType.INTERVAL: "interval", exp.DType.SMALLINT: "int2",
    exp.DType.TEXT: "text", exp.DType.TIMESTAMP: "timestamp", exp.DType.TIMESTAMPTZ: "timestamptz",
    exp.DType.UUID: "uuid", exp.DType.VARCHAR: "varchar",
}  # fmt: skip


def output_name(item: exp.Expression) -> str:
    """Name an item of a select list.

    Args:
        item: It; its identifiers are folded.

    Returns:
        Its alias, or the name that PostgreSQL gives it; empty where it has none, or none that is known for certain.
    """
    return _figure(item)[0]


def _figure(node: exp.Expression) -> tuple[str, bool]:
    """The name, and whether a cast or a CASE around it keeps it."""
    while isinstance(node, _AROUND):
        node = node.this
    if isinstance(node, exp.Alias | exp.Column):
        return node.alias_or_name, True
    if isinstance(node, exp.Dot):
        return node.expression.name, True
    if isinstance(node, exp.Subquery):
        return (_figure(node.selects[0])[0] or _NAMELESS) if node.selects else "", True
    if isinstance(node, exp.Cast):
        name, is_kept = _figure(node.this)
        return (name, True) if is_kept else (_TYPES.get(node.to.this, ""), False)
    if isinstance(node, exp.Interval):
        return "interval", False
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        name, is_kept = _figure(default) if default is not None else ("", False)
        return (name, True) if is_kept else ("case", False)
    name = call_name(node)
    return name, bool(name) or isinstance(node, exp.Func) and not isinstance(node, exp.Pow | exp.Mod)


def call_name(node: exp.Expression) -> str:
    """The name of the function that a node calls, as it is written; empty where that is not known, or it calls none."""
    if WRITTEN in node.meta:
        return node.meta[WRITTEN].lower()
    if isinstance(node, exp.Anonymous):
        return node.name if isinstance(node.this, exp.Identifier) else node.name.lower()
    if isinstance(node, exp.Trim):
        return _TRIMS.get(node.text("position").upper(), "btrim")
    return _BY_NODE.get(type(node), "")
