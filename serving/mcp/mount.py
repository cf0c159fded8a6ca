"""Puts the MCP server into the app at /mcp, as streamable HTTP, behind the middleware that all routes are behind."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from mcp.server.transport_security import TransportSecuritySettings
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from serving.mcp.tools import build_server

PATH = "/mcp"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class McpEndpoint:
    """The route /mcp; each request stands for itself, so that any process of a service may answer it."""

    def __init__(self, app: FastAPI, hosts: Sequence[str]):
        """Put the server into an app.

        Args:
            app: The API.
            hosts: Names that clients may call the API by, beside the loopback's, or `*`: a web page that lets its own
                name point to this machine (DNS rebinding) is refused by them.
        """
        server = build_server(lambda: app.state.service)
        # Makes the session manager; the SDK's own app around it is not needed.
        server.streamable_http_app(
            json_response=True, stateless_http=True, transport_security=transport_security(hosts)
        )
        self._sessions = server.session_manager
        self._handle = StreamableHTTPASGIApp(self._sessions)
        self._route = Route(PATH, endpoint=self)
        app.router.routes.append(self._route)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer as long as this lasts."""
        async with self._sessions.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        scope["route"] = self._route  # what the metrics and the log call it
        await self._handle(scope, receive, send)


def transport_security(hosts: Sequence[str]) -> TransportSecuritySettings:
    """Say which Host and Origin headers are let in: the loopback's names with any port, the given ones; `*`: all."""
    names = [name for host in (*_LOOPBACK, *hosts) for name in (host, f"{host}:*")]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection="*" not in hosts,
        allowed_hosts=names,
        allowed_origins=[f"{scheme}://{name}" for name in names for scheme in ("http", "https")],
    )
