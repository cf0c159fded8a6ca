"""What PostgreSQL's own parser reads in a statement: libpg_query, which is that parser as a library. Used by `guard`.

sqlglot decides what a statement may be, but it is not the parser that runs it. Where the two differ, text that is a
string or a blank to the one is code to the other: `select 5 #--'` begins a comment for PostgreSQL and a string for
sqlglot. So the guard believes sqlglot's tree only where PostgreSQL's holds nothing besides.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from postgast.native import lib

from training.sql.errors import NotOneSelect, ParseFailure
from training.sql.parse import check_length

Name = tuple[str, ...]  # schema, table and column, as far as they are written; `*` is a star


@dataclass
class Reading:
    """What a statement names, with how often.

    Attributes:
        kinds: Kinds of nodes, by PostgreSQL's names.
        columns: Columns and stars; the star of `count(*)` is none.
        relations: Tables and names of WITH queries.
        given: Names that it gives: aliases, columns of aliases, WITH queries.
        functions: Functions, those that stand behind syntax as `pg_catalog` and a name.
        operators: Operators.
        values: Functions without brackets, such as SVFOP_CURRENT_DATE.
    """

    kinds: set[str] = field(default_factory=set)
    columns: Counter[Name] = field(default_factory=Counter)
    relations: Counter[Name] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)
    functions: Counter[Name] = field(default_factory=Counter)
    operators: Counter[Name] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)


def read(sql: str) -> Reading:
    """Read one statement.

    Args:
        sql: Its text.

    Returns:
        What it names; names are folded and cut as PostgreSQL does it.

    Raises:
        ParseFailure: PostgreSQL could not parse it, or it is too long or too deeply nested to be read.
        NotOneSelect: It is not exactly one SELECT.
    """
    check_length(sql)
    statements = _parse(sql)["stmts"] if sql.strip() else []
    if len(statements) != 1 or set(statements[0]["stmt"]) != {"SelectStmt"}:
        raise NotOneSelect("Exactly one SELECT is accepted.")
    reading = Reading()
    for kind, node in _nodes(statements[0]["stmt"]):
        reading.kinds.add(kind)
        if kind == "ColumnRef":
            reading.columns[_names(node["fields"])] += 1
        elif kind == "RangeVar":
            written = (node.get("catalogname"), node.get("schemaname"), node["relname"])
            reading.relations[tuple(name for name in written if name)] += 1
        elif kind == "ResTarget" and "name" in node:
            reading.given[node["name"]] += 1
        elif kind == "Alias":
            reading.given.update([node["aliasname"], *_names(node.get("colnames", []))])
        elif kind == "CommonTableExpr":
            reading.given.update([node["ctename"], *_names(node.get("aliascolnames", []))])
        elif kind == "FuncCall":
            reading.functions[_names(node["funcname"])] += 1
        elif kind == "A_Expr":
            reading.operators[_names(node["name"])] += 1
        elif kind == "SQLValueFunction":
            reading.values[node["op"]] += 1
    return reading


def _parse(sql: str) -> dict[str, Any]:
    try:
        text = sql.encode()
    except UnicodeEncodeError:
        raise ParseFailure("A statement is text that can be written as UTF-8.") from None
    result = lib.pg_query_parse(text)
    try:
        if result.error:  # its message quotes the statement
            raise ParseFailure("The statement is not PostgreSQL.")
        return json.loads(result.parse_tree)
    except RecursionError:
        raise ParseFailure("The statement is nested too deeply.") from None
    finally:
        lib.pg_query_free_parse_result(result)


def _nodes(tree: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node with its kind: an object under a key that begins with a capital."""
    waiting: list[Any] = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            for key, inner in value.items():
                if key[0].isupper() and isinstance(inner, dict):
                    yield key, inner
                elif key in _UNNAMED and isinstance(inner, dict) and not any(name[0].isupper() for name in inner):
                    yield _UNNAMED[key], inner
            waiting += value.values()


# Fields whose kind is always the same are written without it.
_UNNAMED = {
    "alias": "Alias", "intoClause": "IntoClause", "larg": "SelectStmt", "rarg": "SelectStmt",
    "withClause": "WithClause", "relation": "RangeVar", "over": "WindowDef", "typeName": "TypeName",
}  # fmt: skip


def _names(parts: list[dict[str, Any]]) -> Name:
    return tuple("*" if "A_Star" in part else part["String"].get("sval", "") for part in parts)
