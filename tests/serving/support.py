"""What several of the API's tests need beside fixtures."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SECRET = "Ada Lovelace"
"""A planted person: must never be stored, logged or counted in clear."""


@dataclass(frozen=True)
class Generated:
    """What training.generate returns for a question."""

    sql: str
    prompt_tokens: int = 400
    completion_tokens: int = 20
    log_probability: float | None = None
    forced_tokens: int = 5
    cached_tokens: int = 300
    drafts: tuple[str, ...] = ()
    draft_log_probabilities: tuple[float, ...] = ()


def wait_until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Poll until a condition holds; return what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)
    return result


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
