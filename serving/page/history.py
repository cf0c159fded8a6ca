"""Which questions a browser has asked: a cookie with the ids of its last requests, and nothing else.

What was asked stands in `raw_serving.requests` alone, pseudonymized, and is read from there: no question in clear lies
on the server, nor in the browser after its page was left. The ids are random, so nobody can guess another's. The cookie
goes when the browser is closed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Request, Response

from serving.page.session import is_https

LENGTH = 20
_COOKIE = "auditune_history"
_DIGITS = 32  # of an id


@dataclass(frozen=True)
class PastQuestion:
    """A question of this browser as the warehouse stores it; `question` and `sql` are pseudonymized."""

    request_id: UUID
    requested_at: datetime
    question: str | None
    sql: str | None
    error_class: str | None
    row_count: int | None
    verdict: str | None


def asked_before(request: Request) -> list[UUID]:
    """Read the request ids of a browser's last questions, newest first; what is no id of ours is left out."""
    kept = request.cookies.get(_COOKIE, "")
    ids = [kept[start : start + _DIGITS] for start in range(0, min(len(kept), LENGTH * _DIGITS), _DIGITS)]
    return [UUID(one) for one in ids if re.fullmatch(r"[0-9a-f]{32}", one)]


def remember(request: Request, response: Response, request_ids: Sequence[UUID]) -> None:
    """Keep request ids, newest first, in the browser; the oldest beyond `LENGTH` are forgotten."""
    response.set_cookie(
        _COOKIE,
        "".join(one.hex for one in request_ids[:LENGTH]),
        httponly=True,
        samesite="strict",
        secure=is_https(request),
    )


def forget(response: Response) -> None:
    """Take the list of questions out of the browser; what the warehouse stores of them stays there."""
    response.delete_cookie(_COOKIE, httponly=True, samesite="strict")
