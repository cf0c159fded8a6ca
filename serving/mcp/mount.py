"""Puts the MCP server into the app at /mcp, as streamable HTTP, behind the middleware that all routes are behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from mcp.server.transport_security import TransportSecuritySettings
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from serving.mcp.tools import build_server

PATH = "/mcp"


class McpEndpoint:
    """The route /mcp; each request stands for itself, so that any process of a service may answer it."""

    def __init__(self, app: FastAPI):
        """Put the server into an app.

        Args:
            app: The API, behind `OwnPagesOnly`: a web page that lets its own name point to this machine (DNS
                rebinding) is refused there, so the SDK's own check is off.
        """
        server = build_server(lambda: app.state.service)
        # Makes the session manager; the SDK's own app around it is not needed.
        server.streamable_http_app(
            json_response=True,
            stateless_http=True,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
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
