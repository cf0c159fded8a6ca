"""ASGI middleware around every request: gives it an id, times, counts and logs it, catches what nobody caught."""

import time
import traceback
from uuid import uuid4

import structlog
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import ApiError, error_body
from serving.metrics import Metrics

log = structlog.get_logger(__name__)

_UNCOUNTED = {"/metrics", "/health"}


class RequestContext:
    """Sets `request.state.request_id` (a UUID of our own making) and the header X-Request-ID."""

    def __init__(self, app: ASGIApp, metrics: Metrics):
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid4()
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = str(request_id)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=str(request_id)):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception as error:  # the outermost boundary: uvicorn would log the message, which may quote a user
                frame = traceback.extract_tb(error.__traceback__)[-1]
                log.error("unhandled error", error_class=type(error).__name__, where=f"{frame.name}:{frame.lineno}")
                if status == 0:
                    body = error_body(ApiError.message, ApiError.type, ApiError.code)
                    await JSONResponse(body, status_code=500)(scope, receive, send_with_id)
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's template, not the path: a path that no route has is the caller's own text.
        route = scope["route"].path if "route" in scope else "unknown"
        if route in _UNCOUNTED:
            return
        self._metrics.http_requests.labels(route, str(status)).inc()
        log.info("request", route=route, status=status, latency_ms=round(seconds * 1000, 1))
