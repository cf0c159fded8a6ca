"""Decides whether a query may reach a database: an allow-list over its tree. Called before every run of foreign SQL.

One SELECT over catalogued tables and columns, with allow-listed functions, operators and types; everything else is
blocked, known or not. The role, the timeout and the row cap of `sandbox` stand behind it.
Messages never quote a literal or an unknown name of the statement.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from training.sql.bind import Binding, bind
from training.sql.catalog import Catalog
from training.sql.errors import SqlError
from training.sql.functions import (
    FUNCTION_NODES,
    FUNCTIONS,
    OPERATORS,
    SYNTAX,
    TYPES,
    WORDS_BEFORE_BRACKET,
)
from training.sql.growth import MAX_GROWTH, growth
from training.sql.parse import WarehouseDialect, parse_select

MAX_SERIES = 10_000
FAILED = "guard_failed"  # the rule of a statement that could not be judged
# Functions that are called without brackets, such as current_user.
_BARE_FUNCTIONS = set(WarehouseDialect.parser_class.NO_PAREN_FUNCTIONS.values()) - set(FUNCTION_NODES)
_NAME = re.compile(r"\w+\Z")
_EXACT = re.compile(r"(?=.{1,15}\Z)[0-9]*\.?[0-9]*\Z")  # what a float holds, so that bounds can be subtracted
_AMOUNT = re.compile(r"[0-9]{1,6}\Z")
_DAYS = {"day": 1.0, "week": 7.0, "month": 28.0, "year": 365.0}


@dataclass(frozen=True)
class Verdict:
    """What the guard decided.

    Attributes:
        allowed: Whether the query may run.
        rule: The stable code of the rule it breaks; None where it is allowed.
        message: One sentence for the person who asked; empty where it is allowed.
        tables: The business tables it reads, sorted; empty where it is blocked.
        columns: The columns it reads, as `table.column`, sorted; empty where it is blocked.
    """

    allowed: bool
    rule: str | None
    message: str
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


class _Blocked(SqlError):
    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


def check(
    sql: str, catalog: Catalog, *, allow_pii_columns: bool = True, functions: frozenset[str] = frozenset()
) -> Verdict:
    """Judge one statement.

    Args:
        sql: The text that would be run.
        catalog: The tables and columns that may be read.
        allow_pii_columns: Whether columns tagged as a person's data may be read.
        functions: Names, in lower case, of functions that may be called besides those of `functions`.

    Returns:
        The verdict; a statement that cannot be read is blocked.
    """
    try:
        return _judge(sql, catalog, allow_pii_columns, functions)
    except SqlError as error:
        return Verdict(False, error.code, str(error))
    except Exception:
        # A flaw of ours or of the parser's must not let a statement through, nor end a batch of them. What was raised
        # may quote the statement, so it goes nowhere.
        return Verdict(False, FAILED, "The statement could not be judged, so it is blocked.")


def _judge(sql: str, catalog: Catalog, allow_pii_columns: bool, functions: frozenset[str]) -> Verdict:
    tree = parse_select(sql)
    _check_tokens(sql, tree, FUNCTIONS | functions)
    _check_nodes(tree, FUNCTIONS | functions)
    binding = bind(tree, catalog)
    _check_recursion(binding)
    if growth(tree, binding) > MAX_GROWTH:
        raise _Blocked("growth", "The query makes values many times longer than what is stored.")
    tables, columns = _reads(binding)
    if not allow_pii_columns:
        _check_tags(binding)
    return Verdict(True, None, "", tables, columns)


def _check_tokens(sql: str, tree: exp.Expression, functions: frozenset[str]) -> None:
    """Block a name before a bracket that is no allowed function: the parser renames some functions, the text not."""
    aliases = {alias.name.lower() for alias in tree.find_all(exp.TableAlias)}
    previous = None
    for token in WarehouseDialect().tokenize(sql):
        if token.text == "(" and previous is not None and _NAME.match(previous):
            if previous not in functions | WORDS_BEFORE_BRACKET | aliases:
                raise _Blocked("function", "A function is not in the list of allowed functions.")
        previous = token.text.lower()


def _check_nodes(tree: exp.Expression, functions: frozenset[str]) -> None:
    for node in tree.walk(bfs=False):
        if isinstance(node, exp.Into):
            raise _Blocked("into", "SELECT INTO creates a table; only reading is allowed.")
        if isinstance(node, exp.Lock):
            raise _Blocked("locking", "FOR UPDATE and FOR SHARE lock rows; only reading is allowed.")
        if isinstance(node, exp.DML | exp.DDL) and not isinstance(node, exp.Query):
            raise _Blocked("write", "INSERT, UPDATE, DELETE and MERGE are not allowed, not inside WITH either.")
        if isinstance(node, exp.DataType):
            if node.this not in TYPES:
                raise _Blocked("type", "A type is not in the list of allowed types.")
        elif type(node) in _BARE_FUNCTIONS:
            raise _Blocked("function", "A function is not in the list of allowed functions.")
        elif isinstance(node, exp.ExplodingGenerateSeries | exp.GenerateSeries):
            _check_series(node)
        elif isinstance(node, exp.Anonymous):
            if not isinstance(node.this, str) or node.name.lower() not in functions | {"row"}:
                raise _Blocked("function", "A function is not in the list of allowed functions.")
        elif isinstance(node, exp.Pow) and any(inner is not node for inner in node.find_all(exp.Pow)):
            raise _Blocked("function", "Powers of powers are not allowed.")
        elif not isinstance(node, (*SYNTAX, *OPERATORS, *FUNCTION_NODES)) and not isinstance(
            node, exp.Func | exp.Unnest
        ):
            raise _Blocked("syntax", f"This syntax is not in the list of what is allowed: {node.key}.")
        if isinstance(node, exp.Table) and node.db.lower() in ("pg_catalog", "information_schema"):
            raise _Blocked("system_catalog", "The system catalogs may not be read.")


def _check_series(node: exp.Expression) -> None:
    """Block generate_series unless it is in FROM and its length is known to be small."""
    low, high, step = node.args.get("start"), node.args.get("end"), node.args.get("step")
    length = _series_length(low, high, step)
    if not isinstance(node.parent, exp.Table) or length is None or length > MAX_SERIES:
        raise _Blocked(
            "set_returning", f"generate_series stands in FROM, between two literals, with at most {MAX_SERIES} rows."
        )


def _series_length(low: exp.Expression, high: exp.Expression, step: exp.Expression | None) -> float | None:
    numbers = [_number(value) for value in (low, high, step or exp.Literal.number(1))]
    if None not in numbers and numbers[2]:
        return (numbers[1] - numbers[0]) / numbers[2]
    start, end = _moment(low), _moment(high)
    if start is None or end is None or not isinstance(step, exp.Interval) or not isinstance(step.this, exp.Literal):
        return None
    days = _DAYS.get(step.text("unit").lower().rstrip("s"))
    amount = step.this.name
    if days is None or not _AMOUNT.match(amount) or int(amount) == 0:
        return None
    return (end - start).days / (days * int(amount))


def _number(node: exp.Expression) -> float | None:
    sign = -1 if isinstance(node, exp.Neg) else 1
    literal = node.this if isinstance(node, exp.Neg) else node
    if not isinstance(literal, exp.Literal) or literal.is_string or not _EXACT.match(literal.name):
        return None
    return sign * float(literal.name)


def _moment(node: exp.Expression) -> datetime | None:
    literal = node.this if isinstance(node, exp.Cast) else None
    if not isinstance(literal, exp.Literal):
        return None
    try:
        return datetime.fromisoformat(literal.name).replace(tzinfo=None)
    except ValueError:
        return None


def _check_recursion(binding: Binding) -> None:
    """Block a recursive query whose step reads no business table: it would only end at the timeout."""
    by_node = {id(source.node): source for source in binding.sources}
    for cte in binding.ctes:
        read = [by_node[id(table)] for table in cte.this.find_all(exp.Table) if id(table) in by_node]
        if not any(source.cte is cte for source in read):
            continue
        step = cte.this.expression
        if not any(by_node[id(table)].table for table in step.find_all(exp.Table) if id(table) in by_node):
            raise _Blocked("recursion", "A recursive query must read a business table in each step.")


def _check_tags(binding: Binding) -> None:
    for reference in binding.references:
        table = reference.source.table
        if table is None:
            continue
        names = [reference.output.final_name] if reference.output else list(table.by_name)
        if any(table.by_name[name].pii for name in names):
            raise _Blocked("pii_column", "The query reads a column that holds a person's data.")


def _reads(binding: Binding) -> tuple[tuple[str, ...], tuple[str, ...]]:
    tables = {source.table.name for source in binding.sources if source.table}
    columns = set()
    for reference in binding.references:
        table = reference.source.table
        if table is not None:
            names = [reference.output.final_name] if reference.output else list(table.by_name)
            columns.update(f"{table.name}.{name}" for name in names)
    return tuple(sorted(tables)), tuple(sorted(columns))


if __name__ == "__main__":
    import sys

    from training.sql.guard_command import main

    sys.exit(main())
