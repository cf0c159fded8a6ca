"""Decides whether a query may reach a database: an allow-list over its tree. Called before every run of foreign SQL.

One SELECT over catalogued tables and columns, with allow-listed functions, operators and types; everything else is
blocked, known or not. The role, the timeout and the row cap of `sandbox` stand behind it.
Messages never quote a literal or an unknown name of the statement.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from training.sql import server_parser
from training.sql.bind import Binding, bind, fold
from training.sql.catalog import Catalog
from training.sql.errors import ParseFailure, SqlError
from training.sql.functions import (
    FUNCTION_NODES,
    FUNCTIONS,
    KINDS,
    MORE_TYPES,
    OPERATORS,
    SERVER_OPERATORS,
    SYNTAX,
    SYNTAX_FUNCTIONS,
    TYPES,
    VALUES,
)
from training.sql.growth import MAX_GROWTH, growth
from training.sql.parse import parse_select
from training.sql.scope import Source
from training.sql.series import MAX_ROWS, ends, is_short
from training.sql.server_parser import Name, Reading

FAILED = "guard_failed"  # the rule of a statement that could not be judged
_MOST_CHARACTERS = 100  # of a set of characters; trim and translate look at all of it for each character, unstoppably
_MOST_DIGITS = 400  # of a number; a double has 308 before its point, and the planner computes with numerics unstoppably
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


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
    sql: str,
    catalog: Catalog,
    *,
    allow_pii_columns: bool = True,
    functions: frozenset[str] = frozenset(),
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
        return _judge(sql, catalog, allow_pii_columns, FUNCTIONS | functions)
    except SqlError as error:
        return Verdict(False, error.code, str(error))
    except Exception:
        # A flaw of ours or of the parser's must not let a statement through, nor end a batch of them. What was raised
        # may quote the statement, so it goes nowhere.
        return Verdict(False, FAILED, "The statement could not be judged, so it is blocked.")


def _judge(sql: str, catalog: Catalog, allow_pii_columns: bool, functions: frozenset[str]) -> Verdict:
    _check_characters(sql)
    reading = server_parser.read(sql)
    tree = parse_select(sql)
    _check_nodes(tree)
    _check_reading(reading, tree, functions - catalog.shadowed, SERVER_OPERATORS - catalog.shadowed)
    binding = bind(tree, catalog)
    _check_recursion(binding)
    if growth(tree, binding) > MAX_GROWTH:
        raise _Blocked("growth", "The query makes values many times longer than what is stored.")
    tables, columns = _reads(binding)
    if not allow_pii_columns:
        _check_tags(binding)
    return Verdict(True, None, "", tables, columns)


def _check_reading(
    reading: Reading, tree: exp.Expression, functions: frozenset[str], operators: frozenset[str]
) -> None:
    """Block what PostgreSQL's own parser reads in the text besides what is judged here, and what it may not call."""
    if not reading.kinds <= KINDS:
        raise _Blocked("syntax", "This syntax is not in the list of what is allowed.")
    for name in reading.functions:
        is_syntax = len(name) == 2 and name[0] == "pg_catalog" and name[1] in SYNTAX_FUNCTIONS
        if not is_syntax and (len(name) > 1 or name[0] not in functions):
            raise _Blocked("function", "A function is not in the list of allowed functions.")
    if not VALUES.issuperset(reading.values):
        raise _Blocked("function", "A function is not in the list of allowed functions.")
    if any(len(name) > 1 or name[0] not in operators for name in reading.operators):
        raise _Blocked("syntax", "An operator is not in the list of allowed operators.")
    names = (reading.columns, reading.relations, reading.given)
    if names != (_columns(tree), _relations(tree), _given(tree)):
        raise ParseFailure("PostgreSQL reads other names in this statement than are judged: write it more plainly.")


def _columns(tree: exp.Expression) -> Counter[Name]:
    stars = [star for star in tree.find_all(exp.Star) if not isinstance(star.parent, exp.Column | exp.Count)]
    found = Counter(_folded(column.parts) for column in tree.find_all(exp.Column))
    return found + Counter([("*",)] * sum(not _is_of_values(star.parent) for star in stars))


def _relations(tree: exp.Expression) -> Counter[Name]:
    return Counter(_folded(table.parts) for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier))


def _given(tree: exp.Expression) -> Counter[str]:
    aliases = [alias for alias in tree.find_all(exp.TableAlias) if not _is_of_values(alias.find_ancestor(exp.Select))]
    given = [name for alias in aliases for name in (alias.this, *alias.columns) if isinstance(name, exp.Identifier)]
    given += [alias.args["alias"] for alias in tree.find_all(exp.Alias)]
    return Counter(name for (name,) in (_folded([identifier]) for identifier in given))


def _is_of_values(query: exp.Expression | None) -> bool:
    """Whether sqlglot has written a query itself: `with v as (values …)` is one of everything to it."""
    source = query.args.get("from_") if isinstance(query, exp.Select) else None
    return source is not None and isinstance(source.this, exp.Values) and source.this.alias == "_values"


def _folded(parts: Iterable[exp.Expression]) -> Name:
    return tuple(
        "*" if isinstance(part, exp.Star) else part.name if part.args.get("quoted") else fold(part.name)
        for part in parts
    )


def _check_nodes(tree: exp.Expression) -> None:
    for node in tree.walk(bfs=False):
        if isinstance(node, exp.Into):
            raise _Blocked("into", "SELECT INTO creates a table; only reading is allowed.")
        if isinstance(node, exp.Lock):
            raise _Blocked("locking", "FOR UPDATE and FOR SHARE lock rows; only reading is allowed.")
        if isinstance(node, exp.DML | exp.DDL) and not isinstance(node, exp.Query):
            raise _Blocked("write", "INSERT, UPDATE, DELETE and MERGE are not allowed, not inside WITH either.")
        if isinstance(node, exp.DataType):
            if node.this not in TYPES | MORE_TYPES:
                raise _Blocked("type", "A type is not in the list of allowed types.")
        elif isinstance(node, exp.ExplodingGenerateSeries | exp.GenerateSeries):
            if not isinstance(node.parent, exp.Table) or not is_short(node):
                raise _Blocked(
                    "set_returning",
                    f"generate_series stands in FROM, between two known values, with at most {MAX_ROWS} rows.",
                )
        elif isinstance(node, exp.Trim | exp.Translate):
            _check_set(node)
        elif isinstance(node, exp.Literal):
            _check_literal(node)
        elif isinstance(node, exp.Pow) and any(inner is not node for inner in node.find_all(exp.Pow)):
            raise _Blocked("function", "Powers of powers are not allowed.")
        elif not isinstance(node, (*SYNTAX, *OPERATORS, *FUNCTION_NODES)) and not isinstance(
            node, exp.Func | exp.Unnest
        ):
            raise _Blocked("syntax", f"This syntax is not in the list of what is allowed: {node.key}.")
        if isinstance(node, exp.Table) and node.db.lower() in ("pg_catalog", "information_schema"):
            raise _Blocked("system_catalog", "The system catalogs may not be read.")


def _check_set(node: exp.Expression) -> None:
    sets = [node.args.get(key) for key in ("expression", "from_", "to")]
    if any(part is not None and not _is_short(part) for part in sets):
        raise _Blocked("growth", f"The characters to trim or translate are a literal of at most {_MOST_CHARACTERS}.")


def _is_short(node: exp.Expression) -> bool:
    return isinstance(node, exp.Literal) and len(node.name) <= _MOST_CHARACTERS


def _check_literal(node: exp.Literal) -> None:
    digits, _, exponent = node.name.lower().partition("e")
    if not node.is_string and (
        len(digits) > _MOST_DIGITS or len(exponent) > 4 or abs(int(exponent or 0)) > _MOST_DIGITS
    ):
        raise _Blocked("growth", f"A number has at most {_MOST_DIGITS} digits.")


def _check_characters(sql: str) -> None:
    """Block blanks that are letters to PostgreSQL, and characters that no one sees."""
    if any(ord(character) > 127 and unicodedata.category(character)[0] in "ZC" for character in _QUOTED.sub("", sql)):
        raise ParseFailure("Between its words a statement has plain blanks alone.")


def _check_recursion(binding: Binding) -> None:
    """Block a recursive query whose step reads no business table, nor counts up to a literal: time alone ends it."""
    by_node = {id(source.node): source for source in binding.sources}
    for cte in binding.ctes:
        if not any(source.cte is cte for source in _read_in(cte.this, by_node)):
            continue
        waiting, seen, has_table = [cte.this.expression], {id(cte)}, False
        while waiting and not has_table:
            read = _read_in(waiting.pop(), by_node)
            has_table = any(source.table for source in read)
            others = {id(source.cte): source.cte for source in read if source.cte and id(source.cte) not in seen}
            seen |= set(others)
            waiting += [other.this for other in others.values()]
        if not has_table and not ends(cte.this.expression):
            raise _Blocked("recursion", "A recursive query must read a table in each step, or count up to a literal.")


def _read_in(query: exp.Expression, by_node: Mapping[int, Source]) -> list[Source]:
    return [by_node[id(table)] for table in query.find_all(exp.Table) if id(table) in by_node]


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
