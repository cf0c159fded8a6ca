"""ASGI middleware in front of every route: network, key, size. What it refuses has cost neither model nor database."""

import base64
import binascii
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.access.body import check_json, read_body, replay
from serving.access.errors import NetworkRefused
from serving.access.key_ring import KeyRing
from serving.access.networks import Network, client_address, contains
from serving.errors import ApiError
from serving.page.refusal import refuse
from serving.page.session import read_key

BODY_SECONDS = 10.0

# What tells how the process is, and how to ask it: open to the allowed networks. Every other path needs a caller.
OPEN_PATHS = frozenset(
    {
        "/health", "/ready", "/version", "/metrics", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc",
        "/login", "/logout", "/favicon.ico",
    }
)  # fmt: skip
OPEN_FOLDER = "/static/"  # the page's style sheet and scripts


class Gate:
    """Sets `request.state.caller` on all but the open paths."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_networks: Sequence[Network],
        trusted_proxies: Sequence[Network],
        body_limit_bytes: int,
        body_seconds: float = BODY_SECONDS,
    ):
        self._app = app
        self._allowed_networks = allowed_networks
        self._trusted_proxies = trusted_proxies
        self._body_limit_bytes = body_limit_bytes
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        try:
            receive = await self._admit(scope, headers, receive)
        except ApiError as error:
            await refuse(error, headers, scope["path"])(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        peer = scope["client"][0] if scope.get("client") else None
        address = client_address(peer, headers.getlist("x-forwarded-for"), self._trusted_proxies)
        if address is None or not contains(self._allowed_networks, address):
            raise NetworkRefused
        if scope["path"] not in OPEN_PATHS and not scope["path"].startswith(OPEN_FOLDER):
            key_ring: KeyRing = scope["app"].state.service.key_ring
            scope["state"]["caller"] = key_ring.authenticate(read_token(headers))
        body = await read_body(scope, receive, limit=self._body_limit_bytes, seconds=self._body_seconds)
        if "json" in headers.get("content-type", ""):
            check_json(body)
        return replay(body, receive)


def read_token(headers: Headers) -> str | None:
    """Find the key that a request carries: as a bearer token, in the page's cookie, or as a password (`curl -u`).

    A browser sends a password along with every request to the API, also with one that another site's page makes;
    `OwnPagesOnly`, which stands before the gate, has refused such a one.
    """
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() != "basic":
        return read_key(headers)
    try:
        user_and_password = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return user_and_password.partition(":")[2]
