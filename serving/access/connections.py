"""Uvicorn's HTTP protocol with limits on connections: how many, and how long one may take for a request's header.

Uvicorn has no end to waiting for the rest of a header: a thousand connections that each send a byte now and then would
keep everybody else out. (The body has its own time, in `body`.) Its own limit of connections (`limit_concurrency`)
answers in plain text, and refuses those that were there before too. Given to uvicorn by `serving.__main__`.
"""

import asyncio

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.access.errors import TooManyConnections
from serving.errors import respond

MOST_CONNECTIONS = 1000
HEADER_SECONDS = 10.0


class LimitedProtocol(H11Protocol):
    """Refuses connections beyond the limit, and closes one whose header is not there in time.

    The header's time begins with the connection, or behind a request with the next header's first byte.
    """

    most_connections = MOST_CONNECTIONS
    header_seconds = HEADER_SECONDS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Start the first wait."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self.app = _refuse
        self._wait_for_header()

    def data_received(self, data: bytes) -> None:
        """Hand the bytes on, and see whether they complete a header."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._wait_for_header()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_header(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.header_seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await respond(TooManyConnections())(scope, receive, send)
