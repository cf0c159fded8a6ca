"""Logging of the API: one JSON object a line without questions, SQL, parameters or exception messages."""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger


def configure_logging(stream: TextIO) -> None:
    """Send our own and the libraries' log lines through one JSON formatter; called once by `python -m serving`.

    Args:
        stream: Where the lines go.
    """
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        keep_only_error_class,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.captureWarnings(True)
    logging.getLogger("mcp").setLevel(logging.ERROR)  # below it quotes headers and names of methods as they were sent
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)


def keep_only_error_class(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its class: messages and tracebacks may quote what a user wrote."""
    exc_info = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    if isinstance(exc_info, BaseException):
        event["error_class"] = type(exc_info).__name__
    elif exc_info and exc_info[0] is not None:
        event["error_class"] = exc_info[0].__name__
    return event
