"""Refusals of the gate, in the API's one error shape."""

import math

from serving.errors import RETRY_AFTER_SECONDS, ApiError


class NetworkRefused(ApiError):
    """The request comes from a network that is not allowed."""

    status = 403
    type = "invalid_request_error"
    code = "network_not_allowed"
    message = "Requests from this address are not allowed: ask who runs this API."


class KeyMissing(ApiError):
    """A key is needed and there is none."""

    status = 401
    type = "invalid_request_error"
    code = "missing_api_key"
    message = "This API needs a key: send it as `Authorization: Bearer KEY`."


class KeyInvalid(ApiError):
    """The key is unknown or was revoked."""

    status = 401
    type = "invalid_request_error"
    code = "invalid_api_key"
    message = "That key is not valid: ask who runs this API for another."


class KeysUnavailable(ApiError):
    """The keys cannot be read, so nobody can be let in by one that is not known yet."""

    status = 503
    code = "keys_unavailable"
    message = "The keys cannot be read, the warehouse is away: try again shortly."
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}


class ScopeMissing(ApiError):
    """The key does not open this route."""

    status = 403
    type = "invalid_request_error"
    code = "missing_scope"

    def __init__(self, scope: str):
        super().__init__(scope)
        self.message = f"The key lacks the scope {scope}: ask who runs this API for one that has it."


class RoleRefused(ApiError):
    """The database role of the key may not be used, so no rows are fetched with it."""

    status = 403
    type = "invalid_request_error"
    code = "role_refused"
    message = "Rows cannot be fetched with this key: `python -m serving keys list` tells who runs this API why."


class TooManyRequests(ApiError):
    """The key's rate is used up."""

    status = 429
    type = "invalid_request_error"
    code = "rate_limit_exceeded"

    def __init__(self, wait_seconds: float):
        super().__init__()
        seconds = max(1, math.ceil(wait_seconds))
        self.message = f"The key's rate is used up: ask again in {seconds} s."
        self.headers = {"Retry-After": str(seconds)}


class TooManyConnections(ApiError):
    """More connections are open than the API takes."""

    status = 503
    code = "too_many_connections"
    message = f"Too many connections are open: try again in {RETRY_AFTER_SECONDS} seconds."
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS), "Connection": "close"}


class BodyTooLarge(ApiError):
    """The body is longer than the limit."""

    status = 413
    type = "invalid_request_error"
    code = "body_too_large"

    def __init__(self, limit: int):
        super().__init__(limit)
        self.message = f"The body is too large: send at most {limit} bytes."


class BodyTooSlow(ApiError):
    """The body did not arrive in time."""

    status = 408
    type = "invalid_request_error"
    code = "body_too_slow"
    message = "The body did not arrive in time: send the request again."
    headers = {"Connection": "close"}


class BodyNotJson(ApiError):
    """The body says that it is JSON and is not, in the encoding that JSON has."""

    status = 422
    type = "invalid_request_error"
    code = "invalid_request"
    message = "Invalid request: the body is not JSON in UTF-8."


class NumberTooLong(ApiError):
    """The body's JSON holds a number that no parser should have to read."""

    status = 422
    type = "invalid_request_error"
    code = "invalid_request"
    message = "Invalid request: the JSON holds a number of more than a thousand digits."


class JsonTooDeep(ApiError):
    """The body's JSON is nested deeper than any request needs."""

    status = 422
    type = "invalid_request_error"
    code = "invalid_request"

    def __init__(self, limit: int):
        super().__init__(limit)
        self.message = f"Invalid request: the JSON is nested deeper than {limit} levels."
