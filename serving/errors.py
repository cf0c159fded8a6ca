"""Errors of the API and the one shape they all take: `{"error": {"message", "type", "code"}}`.

No message holds a stack trace, a server's message or a word of a question.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from serving.schemas import ErrorResponse

RETRY_AFTER_SECONDS = 2

_DESCRIPTIONS = {
    401: "A key is needed, or the key is not valid.",
    403: "The network is not allowed, or the key lacks the scope.",
    404: "There is nothing of that name.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    422: "Invalid request.",
    429: "The key's rate is used up.",
    503: "Too many questions or statements wait, or the warehouse is away.",
}
_WITH_RETRY_AFTER = {429, 503}


class ApiError(Exception):
    """An error that the caller is told about.

    Attributes:
        status: HTTP status.
        type: OpenAI's error type: invalid_request_error or server_error.
        code: Stable name of the error.
        message: One sentence that says what to do.
    """

    status = 500
    type = "server_error"
    code = "internal_error"
    message = "The request failed inside the API; the log has its request id."
    headers: dict[str, str] | None = None


class Busy(ApiError):
    """The engine's queue is full, or too many statements wait for the warehouse."""

    status = 503
    code = "busy"
    message = f"Too many questions wait: ask again in {RETRY_AFTER_SECONDS} seconds."
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}


class LogFull(ApiError):
    """The row of the request could be kept nowhere, so its answer is not given."""

    status = 503
    code = "log_full"
    message = "Too many requests wait for the warehouse to take their rows: ask again in a minute."
    headers = {"Retry-After": "60"}


class GenerationFailed(ApiError):
    """The model gave no answer."""

    status = 503
    code = "generation_failed"
    message = "The model gave no answer: ask again."
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}


class ModelAway(ApiError):
    """No engine server answers."""

    status = 503
    code = "model_unavailable"
    message = "The model's servers cannot be reached: try again shortly."
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}


class DatabaseAway(ApiError):
    """The warehouse cannot be reached."""

    status = 503
    code = "database_unavailable"
    message = "The warehouse cannot be reached: try again shortly."
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}


class UnknownModel(ApiError):
    """The request names a model that is not served."""

    status = 404
    type = "invalid_request_error"
    code = "model_not_found"
    message = "That model is not served here: GET /v1/models lists what is."


class UnknownRequest(ApiError):
    """Feedback names a request that was never logged."""

    status = 404
    type = "invalid_request_error"
    code = "request_not_found"
    message = "No request has that request_id: use the one that the answer came with."


class UnknownCandidate(ApiError):
    """A review names a candidate that is not in the queue."""

    status = 404
    type = "invalid_request_error"
    code = "candidate_not_found"
    message = "No candidate in the queue has that candidate_id: GET /v1/review lists them."


class UnfitEdit(ApiError):
    """An edited SQL compares a personal column with a value that its type does not take."""

    status = 422
    type = "invalid_request_error"
    code = "invalid_request"
    message = "Invalid request: edited_sql holds a value that its column does not take."


class NoQueue(ApiError):
    """The queue of reviews has not been built."""

    status = 503
    code = "queue_not_built"
    message = "There is no queue of reviews yet: run `make run` once to build it."
    headers = {"Retry-After": "60"}


class ForeignForm(ApiError):
    """Another site's page has made the browser send a request."""

    status = 403
    type = "invalid_request_error"
    code = "foreign_form"
    message = "The request was sent from another site's page: open the API's own page and send it from there."


class UnknownHost(ApiError):
    """The request's Host is no name of the API: perhaps a page whose name was turned to our address."""

    status = 421
    type = "invalid_request_error"
    code = "unknown_host"
    message = "The API is not known under that host name: use its address, or add the name to AUDITUNE_ALLOWED_HOSTS."


class InvalidForm(ApiError):
    """A form of the page holds what cannot be stored."""

    status = 422
    type = "invalid_request_error"
    code = "invalid_request"

    def __init__(self, message: str):
        super().__init__()
        self.message = message


class TooManyCandidates(ApiError):
    """A request asks for more candidates than this API allows."""

    status = 422
    type = "invalid_request_error"
    code = "invalid_request"

    def __init__(self, limit: int):
        super().__init__(limit)
        self.message = f"Invalid request: ask for at most {limit} candidates."


class NoQuestion(ApiError):
    """A chat request holds no question."""

    status = 422
    type = "invalid_request_error"
    code = "invalid_request"
    message = "The last message must come from the user and hold the question."


def error_body(message: str, error_type: str, code: str) -> dict[str, Any]:
    """Build the one error shape."""
    return {"error": {"message": message, "type": error_type, "code": code}}


def describe_validation(errors: Sequence[dict[str, Any]]) -> str:
    """Say what is wrong with a request without repeating anything the caller sent.

    Args:
        errors: Pydantic's errors. Of their locations only the names of known fields are kept: an unknown field's name
            is the caller's text.
    """
    problems = []
    for error in errors:
        if error["type"] == "extra_forbidden":
            problems.append("a field that this request does not have")
        else:
            names = [str(part) for part in error["loc"] if part != "body"]
            problems.append(f"{'.'.join(names) or 'body'}: {error['msg']}")
    return "Invalid request: " + "; ".join(dict.fromkeys(problems)) + "."


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI page says about a route's errors.

    Args:
        statuses: HTTP statuses that the route may answer with, in the one shape.
    """
    retry_after = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return {
        status: {
            "model": ErrorResponse,
            "description": _DESCRIPTIONS[status],
            **({"headers": retry_after} if status in _WITH_RETRY_AFTER else {}),
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Give every error of an app the one shape."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)


def respond(error: ApiError) -> JSONResponse:
    """Build the response that tells the caller of an error."""
    body = error_body(error.message, error.type, error.code)
    return JSONResponse(body, status_code=error.status, headers=error.headers)


def _on_api_error(_request: Request, error: ApiError) -> JSONResponse:
    return respond(error)


def _on_invalid_request(_request: Request, error: RequestValidationError) -> JSONResponse:
    body = error_body(describe_validation(error.errors()), "invalid_request_error", "invalid_request")
    return JSONResponse(body, status_code=422)


def _on_http_error(_request: Request, error: HTTPException) -> JSONResponse:
    body = error_body(str(error.detail), "invalid_request_error", f"http_{error.status_code}")
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)
