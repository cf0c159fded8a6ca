"""The tools that the API offers over MCP: ask, run_sql, describe_schema. Built into the app by `mount`.

They do what the routes do, by the same functions: key, scopes, guard, limits and request rows are the same.
"""

from collections.abc import Callable
from typing import Annotated, Literal
from uuid import UUID

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field
from starlette.requests import Request

from serving import VERSION
from serving.access.caller import Caller
from serving.asking import ask as answer_question
from serving.asking import run_statement
from serving.errors import ApiError
from serving.responses import sql_response
from serving.schemas import SQL_MAX_CHARACTERS, Question, SchemaColumn, SchemaResponse, SchemaTable, SqlResponse, Text
from serving.service import Service
from training.sql.catalog import Catalog

_INSTRUCTIONS = "Questions about a PostgreSQL warehouse, answered with SQL that is read-only and checked, and its rows."
_MaxRows = Annotated[int, Field(ge=1, le=10_000, description="Most rows to return; the API's own cap holds too.")]


def build_server(get_service: Callable[[], Service]) -> MCPServer:
    """Build the server.

    Args:
        get_service: Returns the running API, which starts after the server is built.
    """
    server = MCPServer("auditune", version=VERSION, instructions=_INSTRUCTIONS)

    @server.tool()
    async def ask(
        question: Annotated[Question, Field(description="A question about the warehouse, in plain words.")],
        ctx: Context,
        execute: Literal["no", "explain", "rows"] = "no",
        max_rows: _MaxRows = 100,
    ) -> SqlResponse:
        """Answer a question with one SQL statement; with execute=rows its rows too, with explain what they would cost.

        `sql` is null where the question has no answer here: then `reason` or `error` says why.
        """
        caller, request_id = _caller(ctx)
        try:
            answer = await answer_question(
                get_service(),
                caller=caller,
                request_id=request_id,
                route="/mcp/ask",
                question=question,
                is_run=execute == "rows",
                is_explained=execute == "explain",
                row_cap=max_rows,
            )
        except ApiError as error:
            raise ToolError(error.message) from error
        return sql_response(request_id, answer, max_rows)

    @server.tool()
    async def run_sql(
        sql: Annotated[Text, Field(max_length=SQL_MAX_CHARACTERS, description="One SELECT of PostgreSQL.")],
        ctx: Context,
        max_rows: _MaxRows = 100,
    ) -> SqlResponse:
        """Run one SELECT, read-only, and return its rows. What the guard refuses is not run; `error` says why."""
        caller, request_id = _caller(ctx)
        try:
            answer = await run_statement(
                get_service(), caller=caller, request_id=request_id, route="/mcp/run_sql", sql=sql, row_cap=max_rows
            )
        except ApiError as error:
            raise ToolError(error.message) from error
        return sql_response(request_id, answer, max_rows)

    @server.tool()
    async def describe_schema(ctx: Context) -> SchemaResponse:
        """List the tables and columns that questions can be about, with their types and foreign keys."""
        caller, _ = _caller(ctx)
        try:
            caller.require("ask")
        except ApiError as error:
            raise ToolError(error.message) from error
        return describe(get_service().champion.catalog)

    return server


def describe(catalog: Catalog) -> SchemaResponse:
    """Describe a catalog. Values that columns hold are not shown, and a personal column says that it is one."""
    tables = [
        SchemaTable(
            name=f"{table.schema}.{table.name}",
            description=table.comment,
            columns=[
                SchemaColumn(name=column.name, type=column.type, references=column.references, personal=column.pii)
                for column in table.columns
            ],
        )
        for table in catalog.tables
    ]
    return SchemaResponse(tables=tables)


def _caller(context: Context) -> tuple[Caller, UUID]:
    """Return who calls and the id of his request, which the API's middleware has found out."""
    request: Request = context.request_context.request
    return request.state.caller, request.state.request_id
