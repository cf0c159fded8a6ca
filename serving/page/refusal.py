"""What a person sees in the browser where a program gets an error's JSON: a page that says it, or asks for a key."""

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from starlette.datastructures import Headers

from serving.access.errors import KeyInvalid, KeyMissing
from serving.errors import ApiError, respond
from serving.page.render import render

_PAGES = ("/", "/review")


def install(app: FastAPI) -> None:
    """Have an app's routes tell people of errors on a page."""
    app.add_exception_handler(ApiError, _on_api_error)


def refuse(error: ApiError, headers: Headers, path: str) -> Response:
    """Build the response that tells of an error.

    Args:
        error: What went wrong.
        headers: The request's; a browser that opens a page says that it takes HTML.
        path: The request's; where the page goes on once its user has signed in.
    """
    if "text/html" not in headers.get("accept", ""):
        response = respond(error)
    elif isinstance(error, KeyMissing | KeyInvalid):
        response = ask_for_key(onward(path), error.message if isinstance(error, KeyInvalid) else None, error.status)
    else:
        what = {"tab": None, "is_signed_in": False, "problem": error.message}
        response = render("refusal.html", error.status, more_headers=error.headers, **what)
    if isinstance(error, KeyMissing | KeyInvalid):
        response.headers["WWW-Authenticate"] = 'Bearer realm="auditune"'
    return response


def ask_for_key(
    onward: str, problem: str | None, status: int, more_headers: Mapping[str, str] | None = None
) -> Response:
    """Show the form that takes a key.

    Args:
        onward: Page to go on with.
        problem: What was wrong with the key before; None for the first.
        status: HTTP status.
        more_headers: What an error adds.
    """
    what = {"tab": None, "is_signed_in": False, "notice": None, "problem": problem, "onward": onward}
    return render("login.html", status, more_headers=more_headers, **what)


def onward(path: str) -> str:
    """Return a page of ours to go on with: the given one, or the first where it is none."""
    return path if path in _PAGES else _PAGES[0]


def _on_api_error(request: Request, error: ApiError) -> Response:
    return refuse(error, request.headers, request.url.path)
