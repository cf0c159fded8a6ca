"""The key of a person who signed in on the page: in a cookie that scripts cannot read and other sites cannot use."""

from urllib.parse import quote, unquote

from fastapi import Request, Response
from starlette.datastructures import Headers
from starlette.requests import cookie_parser

_COOKIE = "auditune_key"


def read_key(headers: Headers) -> str | None:
    """Return the key that the page's cookie holds; None without one. The gate asks where no header holds one."""
    kept = cookie_parser(headers.get("cookie", "")).get(_COOKIE)
    return None if kept is None else unquote(kept)


def is_https(request: Request) -> bool:
    """Tell whether the browser speaks TLS, with the API or with a proxy before it.

    Whether it was a proxy that says so does not matter: a cookie can only become stricter by it.
    """
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))


def keep_key(request: Request, response: Response, key: str) -> None:
    """Sign a browser in, until it is closed."""
    response.set_cookie(_COOKIE, quote(key), httponly=True, samesite="strict", secure=is_https(request), path="/")


def drop_key(response: Response) -> None:
    """Sign a browser out."""
    response.delete_cookie(_COOKIE, httponly=True, samesite="strict", path="/")


def is_signed_in(request: Request) -> bool:
    """Tell whether a browser has signed in, so that the page can offer to sign out."""
    return _COOKIE in request.cookies
