"""An MCP server on standard input and output for a running API. Run as: `python -m serving mcp`.

It passes every call on. The model is loaded once, by the API; this process knows neither it nor the warehouse. So what
the API checks is checked, and its tools are defined in one place.
"""

import anyio
import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams

from serving import VERSION
from serving.mcp.mount import PATH
from serving.startup import StartupError

DEFAULT_URL = "http://127.0.0.1:8000"
_ANSWER_SECONDS = 120.0  # more than the API's own longest wait


def pass_on(url: str, key: str | None) -> int:
    """Serve until the client closes standard input.

    Args:
        url: Where the API runs.
        key: Key to send to it, if it needs one.

    Returns:
        Exit status 0.

    Raises:
        StartupError: The API cannot be reached, or does not let this process in.
    """
    try:
        anyio.run(_serve, f"{url.rstrip('/')}{PATH}", key)
    except* (httpx2.HTTPError, MCPError, OSError) as group:
        error = group.exceptions[0]
        raise StartupError(
            f"The API at {url} does not answer ({type(error).__name__}): start it (`make up`), give its address with "
            "--url, and its key, where it needs one, as AUDITUNE_API_KEY."
        ) from None
    return 0


async def _serve(url: str, key: str | None) -> None:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=_ANSWER_SECONDS) as http,
        Client(streamable_http_client(url, http_client=http)) as api,
        stdio_server() as (read, write),
    ):
        server = _build(api)
        await server.run(read, write, server.create_initialization_options())


def _build(api: Client) -> Server:
    async def list_tools(_context: ServerRequestContext, _page: PaginatedRequestParams | None) -> ListToolsResult:
        return await api.list_tools()

    async def call_tool(_context: ServerRequestContext, call: CallToolRequestParams) -> CallToolResult:
        return await api.call_tool(call.name, call.arguments)

    return Server("auditune", version=VERSION, on_list_tools=list_tools, on_call_tool=call_tool)
