"""Which schema stands in for a business schema, and how a query is written for it. Used by sandbox.py.

The canonical form names the business's schemas; the sandbox and the test databases have others.
"""

from collections.abc import Iterable, Mapping

from psycopg import sql as pgsql
from sqlglot import exp
from sqlglot.tokens import TokenType

from training.sql.errors import SqlError
from training.sql.parse import WarehouseDialect, parse_select


def sandbox_names(schemas: Iterable[str]) -> dict[str, str]:
    """Names the schema that holds the sandbox of each business schema.

    Args:
        schemas: The business schemas.

    Returns:
        Business schema → its sandbox, in the given order.
    """
    return {schema: f"sandbox_{schema}" for schema in schemas}


def in_schemas(sql: str, schemas: Mapping[str, str]) -> str:
    """Writes other schemas in front of a query's tables.

    Args:
        sql: One query.
        schemas: The new name of each schema to replace.

    Returns:
        The query, changed at those names alone; as it is where it names none of them, or cannot be parsed.
    """
    if not any(schema.lower() in sql.lower() for schema in schemas):
        return sql
    try:
        tables = {
            (_stored(table.args["db"]), table.name.lower())
            for table in parse_select(sql).find_all(exp.Table)
            if table.args.get("db") and _stored(table.args["db"]) in schemas
        }
    except SqlError:
        return sql
    tokens = WarehouseDialect().tokenize(sql)
    pieces, end = [], 0
    for before, schema, dot, table in zip([None, *tokens], tokens, tokens[1:], tokens[2:], strict=False):
        is_first = before is None or before.token_type is not TokenType.DOT
        name = schema.text if schema.token_type is TokenType.IDENTIFIER else schema.text.lower()
        if is_first and dot.token_type is TokenType.DOT and (name, table.text.lower()) in tables:
            pieces += [sql[end : schema.start], pgsql.Identifier(schemas[name]).as_string()]
            end = schema.end + 1
    return "".join([*pieces, sql[end:]])


def _stored(name: exp.Identifier) -> str:
    """A name as PostgreSQL stores it."""
    return name.name if name.args.get("quoted") else name.name.lower()
