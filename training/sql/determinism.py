"""Tells whether a query may give another answer when it is asked again. Called by the pipeline's validation.

Such a query can neither be learned nor judged: its gold answer is one of several. Two causes are looked for: the clock
or a random number, by name, and an order that the query leaves open, by running it on the tables' rows turned round.
"""

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from training.sql.compare import same_result
from training.sql.parse import WarehouseDialect, parse_select
from training.sql.sandbox import Execution, Executor

_VOLATILE = frozenset(
    """
    now random random_normal gen_random_uuid uuidv4 uuidv7 uuid_generate_v4 clock_timestamp statement_timestamp
    transaction_timestamp timeofday nextval
    """.split()
)
_WITHOUT_BRACKETS = frozenset("current_date current_time current_timestamp localtime localtimestamp".split())
_MOMENTS = frozenset(("now", "today", "tomorrow", "yesterday"))  # literals that PostgreSQL reads as a time
# What depends on the order that rows come in: which rows, or what of them.
_SENSITIVE = (
    exp.Limit, exp.Fetch, exp.Offset, exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue,
    exp.Ntile, exp.ArrayAgg, exp.GroupConcat,
)  # fmt: skip


def reads_clock(sql: str) -> bool:
    """Tells whether a query calls the clock or a random number.

    Args:
        sql: one query that parses.
    """
    tokens = WarehouseDialect().tokenize(sql)
    for index, token in enumerate(tokens):
        word, following = token.text.lower(), [item.text for item in tokens[index + 1 : index + 2]]
        if token.token_type == TokenType.STRING:
            if word.strip() in _MOMENTS:
                return True
        elif token.token_type != TokenType.IDENTIFIER:
            if word in _WITHOUT_BRACKETS or (word in _VOLATILE and following == ["("]):
                return True
    # age(x) is the age today
    return any(call.name.lower() == "age" and len(call.expressions) == 1 for call in _calls(sql))


def is_open(sql: str, execution: Execution, executor: Executor) -> bool:
    """Tells whether a query's rows depend on an order that it leaves open, such as LIMIT between equals.

    Args:
        sql: the query in canonical form, which the guard has allowed.
        execution: what it returned.
        executor: runs it again, on the same tables.

    Returns:
        True where another order of the tables' rows, or of the rows that the query's own ORDER BY leaves equal, gives
        other rows. The order of the answer itself does not count.
    """
    tree = parse_select(sql)
    if not any(tree.find(kind) for kind in _SENSITIVE) and not _has_distinct_on(tree):
        return False
    for other in (_turned_round(tree), *_ties_broken(tree, execution)):
        again = executor.run(other)
        # A variant that cannot run (a column that has no order) says nothing.
        if again.error_class is None and not same_result(execution, again, ordered=False):
            return True
    return False


def _turned_round(tree: exp.Expression) -> str:
    """The query on its tables read from their end, by the rows' place in the file."""
    turned = tree.copy()
    ctes = {cte.alias_or_name for cte in turned.find_all(exp.CTE)}
    for table in list(turned.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier) or (table.name in ctes and not table.db):
            continue  # a function, or a WITH query, whose own tables are turned round
        inner = table.copy()
        inner.set("alias", None)
        rows = exp.select("*").from_(inner).order_by(exp.column("ctid").desc())
        table.replace(rows.subquery(table.alias_or_name))
    return turned.sql(dialect=WarehouseDialect)


def _ties_broken(tree: exp.Expression, execution: Execution) -> list[str]:
    """The query with its equals in both orders of all that it shows; the same rows twice mean that no tie was cut."""
    if not isinstance(tree.args.get("limit"), exp.Limit | exp.Fetch):
        return []
    variants = []
    for is_descending in (False, True):
        broken = tree.copy()
        order = broken.args.get("order") or exp.Order(expressions=[])
        for position in range(1, len(execution.columns) + 1):
            order.append("expressions", exp.Ordered(this=exp.Literal.number(position), desc=is_descending))
        broken.set("order", order)
        variants.append(broken.sql(dialect=WarehouseDialect))
    return variants


def _has_distinct_on(tree: exp.Expression) -> bool:
    return any(distinct.args.get("on") for distinct in tree.find_all(exp.Distinct))


def _calls(sql: str) -> list[exp.Anonymous]:
    try:
        return list(parse_select(sql).find_all(exp.Anonymous))
    except SqlglotError:
        return []
