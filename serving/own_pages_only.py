"""ASGI middleware: other sites' pages can neither send anything to the API nor read from it through a person's browser.

The API may listen on the loopback address without keys, and every page that a browser shows can reach that address. So
what a browser sends on behalf of another site is refused, as Go's `http.CrossOriginProtection` does: by Sec-Fetch-Site,
or where an old browser leaves it out, by Origin against Host. A page whose host name was turned to our address after it
was loaded (DNS rebinding) is the same site to the browser; its requests carry that name, and only known names serve.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.errors import ApiError, ForeignForm, UnknownHost, error_body

_READING = {"GET", "HEAD", "OPTIONS"}


class OwnPagesOnly:
    """Refuses requests to unknown host names, and what another site's page makes a browser send."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]):
        """Wrap an app.

        Args:
            app: The app.
            hosts: Lower-case host names, without ports, that are the API's beside `localhost` and plain addresses;
                `*` for all.
        """
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            refusal: type[ApiError] | None = None
            if not is_own_host(headers.get("host", ""), self._hosts):
                refusal = UnknownHost
            elif scope["method"] not in _READING and is_foreign(headers):
                refusal = ForeignForm
            if refusal is not None:
                body = error_body(refusal.message, refusal.type, refusal.code)
                await JSONResponse(body, status_code=refusal.status)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_own_host(host: str, hosts: frozenset[str]) -> bool:
    """Tell whether a Host header names the API. A plain address always does: no page of another site has one.

    Args:
        host: The header's value; empty where a client of HTTP/1.0 sends none, which no browser is.
        hosts: Further names, in lower case, or `*`.
    """
    if "*" in hosts or not host:
        return True
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name in hosts or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def is_foreign(headers: Headers) -> bool:
    """Tell whether a browser says that another site's page has sent a request; programs say nothing of the kind."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()
