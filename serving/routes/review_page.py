"""GET and POST /review: the tab of the page where people decide about the queue. `review.py` does the work."""

import re
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from serving.access.caller import needs
from serving.errors import ApiError, UnknownCandidate, describe_validation
from serving.page.forms import FormDep, one_line, several_lines
from serving.page.render import render
from serving.page.session import is_https, is_signed_in
from serving.routes.review import read_queue, store_review
from serving.schemas import (
    QUESTION_MAX_CHARACTERS,
    REVIEWER_MAX_CHARACTERS,
    SQL_MAX_CHARACTERS,
    QueuedCandidate,
    ReviewQueue,
    ReviewRequest,
)
from serving.service import Service, ServiceDep

router = APIRouter(include_in_schema=False, dependencies=[needs("review")])

_PAGE = 25
_COOKIE = "auditune_reviewer"
_NOTICES = {"approve": "Approved.", "edit": "Approved with your changes.", "reject": "Rejected."}


@router.get("/review")
async def show_queue(
    request: Request, service: ServiceDep, offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0, said: str = ""
) -> HTMLResponse:
    """Show what waits for a decision."""
    reviewer = unquote(request.cookies.get(_COOKIE, ""))
    return await _page(request, service, reviewer, offset, notice=_NOTICES.get(said))


@router.post("/review")
async def decide_on_page(request: Request, service: ServiceDep, form: FormDep) -> Response:
    """Store the decision whose button was pressed, and show the queue again."""
    reviewer = form.get("reviewer", "").strip()
    offset = _offset(form.get("offset", ""))
    try:
        decision = await _decision(service, form, reviewer)
        await store_review(service, decision)
    except ValidationError as error:
        return await _page(
            request, service, reviewer, offset, 422, problem=describe_validation(error.errors()), form=form
        )
    except ApiError as error:
        return await _page(
            request, service, reviewer, offset, error.status, problem=error.message, form=form, headers=error.headers
        )
    response = RedirectResponse(f"/review?offset={offset}&said={decision.decision}#queue", status_code=303)
    response.set_cookie(
        _COOKIE,
        quote(reviewer),
        max_age=30 * 86_400,
        path="/review",
        httponly=True,
        samesite="strict",
        secure=is_https(request),
    )
    return response


async def _decision(service: Service, form: dict[str, str], reviewer: str) -> ReviewRequest:
    """Read one decision out of the form, which holds the texts of all candidates of the page.

    A text that was changed makes an approval an edit: what a person sees is what is approved.
    """
    decision, _, candidate_id = form.get("decide", "").partition(" ")
    queue = await read_queue(service, 1, candidate_id=candidate_id)
    if not queue.candidates:
        raise UnknownCandidate
    candidate = queue.candidates[0]
    edited = {} if decision == "reject" else _changes(form, candidate)
    return ReviewRequest(
        candidate_id=candidate_id,
        decision="edit" if decision == "approve" and edited else decision,
        reviewer=reviewer,
        **edited,
    )


def _changes(form: dict[str, str], candidate: QueuedCandidate) -> dict[str, str]:
    written = {"edited_question": ("question", candidate.question), "edited_sql": ("sql", candidate.sql)}
    texts = {name: form.get(f"{field} {candidate.candidate_id}") for name, (field, _) in written.items()}
    return {
        name: one_line(text) if name == "edited_question" else several_lines(text)
        for name, text in texts.items()
        if text is not None and one_line(text) != one_line(written[name][1])
    }


async def _page(
    request: Request,
    service: Service,
    reviewer: str,
    offset: int,
    status: int = 200,
    *,
    notice: str | None = None,
    problem: str | None = None,
    form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> HTMLResponse:
    """Show the queue; after a refusal with what the person has typed so far."""
    try:
        queue = await read_queue(service, _PAGE, offset)
    except ApiError as error:
        queue = ReviewQueue(total=0, waiting=0, candidates=[])
        status, problem, headers = error.status, error.message, error.headers
    return render(
        "review.html",
        status,
        more_headers=headers,
        tab="review",
        is_signed_in=is_signed_in(request),
        queue=queue,
        typed=form or {},
        reviewer=reviewer[:REVIEWER_MAX_CHARACTERS],
        longest_name=REVIEWER_MAX_CHARACTERS,
        longest_question=QUESTION_MAX_CHARACTERS,
        longest_sql=SQL_MAX_CHARACTERS,
        notice=notice,
        problem=problem,
        offset=offset,
        page=_PAGE,
    )


def _offset(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0
