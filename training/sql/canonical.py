"""The one spelling of a query that the corpus holds and the model learns, and the fingerprint of its template.

Called by the pipeline's validation, the evaluation and the API. The form:

- lower-case keywords and names, single spaces, no comments, no semicolon; quotes only where PostgreSQL needs them;
- stars written out, tables without a schema where there is one business schema;
- columns qualified, by the table's own name, only where FROM holds several tables or they are of an outer query;
- aliases t1, t2, … only for derived tables and for a table that is read twice; WITH queries are called w1, w2, …;
- output columns named only where an outer query refers to them, after their expression (`sum_amount`);
- expressions of the select list are grouped and ordered by position, plain columns by name;
- operands of AND and OR sorted, `>=` before `<`; of a comparison the column first and the constant last;
- `x::type`, `date '2024-01-01'`, `interval '3 months'`, `now()`, `<>`, `not in`.
"""

import hashlib
import re

from sqlglot import exp

from training.sql.bind import Binding, bind
from training.sql.catalog import Catalog
from training.sql.errors import UnsupportedSyntax
from training.sql.names import MARK, assign, mark
from training.sql.parse import parse_select
from training.sql.render import render
from training.sql.simplify import order_conditions, refer_by_position, simplify

_ROUNDS = 4
_MARKED = re.compile(r'"@(\d+)"')
_LITERALS = (exp.Literal, exp.ByteString, exp.BitString, exp.HexString, exp.UnicodeString, exp.National, exp.RawString)
_LOWER_END_FIRST = str.maketrans("<", "~")  # `>` sorts before `~`, and would not before `<`


def canonicalize(sql: str, catalog: Catalog) -> str:
    """Bring a query to its canonical form, which returns the same rows.

    Args:
        sql: One query in PostgreSQL's dialect.
        catalog: The tables and columns that exist.

    Returns:
        The canonical form. It is its own canonical form.

    Raises:
        SqlError: The text is not one query over the catalog; `code` says which rule it breaks.
    """
    for _ in range(_ROUNDS):
        once = _rewrite(sql, catalog)
        if once == sql:
            return once
        sql = once
    raise UnsupportedSyntax(
        "The statement has no stable canonical form: write its conditions or casts in a simpler way."
    )


def fingerprint(canonical_sql: str) -> str:
    """Identify the template of a canonical query: the query without its literals.

    Literals are numbers with their sign, strings, dates and intervals; a list of them counts as one, however long.
    What belongs to the structure stays: true, false and null, the type of a cast with its numbers, the unit of
    date_trunc, the place of a column in GROUP BY and ORDER BY.

    Args:
        canonical_sql: A result of `canonicalize`.

    Returns:
        The SHA-256, in hex, of the query with a placeholder for each literal and for each list of literals.
    """
    return hashlib.sha256(render(_without_literals(parse_select(canonical_sql))).encode()).hexdigest()


def _rewrite(sql: str, catalog: Catalog) -> str:
    tree = parse_select(sql)
    binding = bind(tree, catalog)
    mark(binding)
    tree = simplify(tree)
    order_conditions(tree, lambda operand: _sort_key(operand, binding))
    refer_by_position(tree)
    assign(tree, binding, catalog)
    return render(tree)


def _sort_key(operand: exp.Expression, binding: Binding) -> tuple[str, ...]:
    """What conditions are sorted by: nothing in it depends on how the statement names or orders things.

    Without literals first, so that queries of one template are ordered alike; tables by name, not by alias; of a range
    the lower end first, as people write it. Only then by which of two readings of one table is meant.
    """
    names = {str(source.key): source.table.name if source.table else "" for source in binding.sources}
    own = [alias.name.removeprefix(MARK) for alias in operand.find_all(exp.TableAlias)]
    places = {key: f"{name} {own.index(key) if key in own else 1000 + int(key)}" for key, name in names.items()}
    text = render(operand)
    return (
        _named(render(_without_literals(operand.copy())), names).translate(_LOWER_END_FIRST),
        _named(text, names).translate(_LOWER_END_FIRST),
        _named(text, places),
    )


def _named(text: str, names: dict[str, str]) -> str:
    return _MARKED.sub(lambda match: names.get(match.group(1), ""), text)


def _without_literals(tree: exp.Expression) -> exp.Expression:
    for node in list(tree.walk(bfs=False)):
        if isinstance(node, exp.Interval) and isinstance(node.this, exp.Literal):
            tree = _replace(tree, node, exp.Cast(this=_hole(), to=exp.DataType.build("interval")))
        elif isinstance(node, exp.Neg) and _is_literal(node.this):
            tree = _replace(tree, node, node.this)
        elif isinstance(node, _LITERALS) and not _is_structure(node):
            tree = _replace(tree, node, _hole())
        elif isinstance(node, exp.In | exp.Array) and node.expressions and all(map(_is_literal, node.expressions)):
            node.set("expressions", [exp.Literal.number(0)])
    for node in list(tree.find_all(exp.In, exp.Array)):
        if node.expressions and all(item == _hole() for item in node.expressions):
            node.set("expressions", [_hole()])
    return tree


def _replace(tree: exp.Expression, node: exp.Expression, other: exp.Expression) -> exp.Expression:
    if node is tree:
        return other
    node.replace(other)
    return tree


def _hole() -> exp.Expression:
    return exp.Placeholder(jdbc=True)


def _is_literal(node: exp.Expression) -> bool:
    return isinstance(node, _LITERALS) or (isinstance(node, exp.Cast | exp.Neg) and _is_literal(node.this))


def _is_structure(literal: exp.Expression) -> bool:
    """Whether a number stands for a column of the select list, or belongs to a type."""
    return not literal.is_string and isinstance(literal.parent, exp.Group | exp.Ordered | exp.DataTypeParam)
