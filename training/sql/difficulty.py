"""How hard a query is: easy, medium, hard or extra, by the counts of the Spider benchmark.

The rule is `eval_hardness` of Spider's evaluation (Yu et al. 2018, "Spider: A Large-Scale Human-Labeled Dataset for
Complex and Cross-Domain Semantic Parsing and Text-to-SQL Task"; `evaluation.py` in taoyds/test-suite-sql-eval).
Its grammar has no WITH, no query in FROM and no window function: here each of these counts as one nested query.
"""

from collections.abc import Iterator

from sqlglot import exp

from training.sql.categories import is_windowed
from training.sql.parse import parse_select

LEVELS = ("easy", "medium", "hard", "extra")
_LIKE = (exp.Like, exp.ILike, exp.SimilarTo, exp.RegexpLike, exp.RegexpILike)


def difficulty(sql: str) -> str:
    """Grades a query.

    Args:
        sql: One query.

    Returns:
        One of `LEVELS`.

    Raises:
        SqlError: The text is not one query.
    """
    tree = parse_select(sql)
    outer = _first_select(tree)
    clauses, others, nested = _count_clauses(tree, outer), _count_others(outer), _count_nested(tree)
    if clauses <= 1 and others == 0 and nested == 0:
        return "easy"
    if nested == 0 and ((others <= 2 and clauses <= 1) or (clauses <= 2 and others < 2)):
        return "medium"
    if (
        (nested == 0 and others > 2 and clauses <= 2)
        or (nested == 0 and clauses == 3 and others <= 2)
        or (nested <= 1 and clauses <= 1 and others == 0)
    ):
        return "hard"
    return "extra"


def _count_clauses(tree: exp.Expression, outer: exp.Select) -> int:
    """Spider's component 1: WHERE, GROUP BY, ORDER BY, LIMIT, each join, each OR and each LIKE, of the outer query."""
    count = sum(outer.args.get(clause) is not None for clause in ("where", "group"))
    count += sum(tree.args.get(clause) is not None for clause in ("order", "limit"))
    count += len(outer.args.get("joins") or ())
    return count + sum(isinstance(node, (exp.Or, *_LIKE)) for node in _own_nodes(outer))


def _count_nested(tree: exp.Expression) -> int:
    """Spider's component 2, set operations and nested queries, and window functions."""
    return len(list(tree.find_all(exp.Select))) - 1 + len(list(tree.find_all(exp.Window)))


def _count_others(outer: exp.Select) -> int:
    """Of these four, how many are more than one: aggregates, columns, conditions in WHERE, columns in GROUP BY."""
    aggregates = sum(isinstance(node, exp.AggFunc) and not is_windowed(node) for node in _own_nodes(outer))
    where, group = outer.args.get("where"), outer.args.get("group")
    conditions = len(_conditions(where.this)) if where else 0
    groups = len(group.expressions) if group else 0
    return sum(number > 1 for number in (aggregates, len(outer.expressions), conditions, groups))


def _conditions(node: exp.Expression) -> list[exp.Expression]:
    if isinstance(node, exp.Paren):
        return _conditions(node.this)
    if isinstance(node, exp.And | exp.Or):
        return _conditions(node.this) + _conditions(node.expression)
    return [node]


def _first_select(tree: exp.Expression) -> exp.Select:
    while not isinstance(tree, exp.Select):
        tree = tree.this  # the left operand of a set operation, perhaps in brackets
    return tree


def _own_nodes(outer: exp.Select) -> Iterator[exp.Expression]:
    """The nodes of a query without those of the queries inside it."""
    for node in outer.walk(prune=lambda node: node is not outer and isinstance(node, exp.Query)):
        if node is outer or not isinstance(node, exp.Query):
            yield node
