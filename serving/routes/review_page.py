"""GET and POST /review: the queue as a page for people, plain HTML without scripts. `review.py` does the work."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, quote, unquote, urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError

from serving.access.caller import needs
from serving.errors import ApiError, ForeignForm, UnknownCandidate, describe_validation
from serving.routes.review import read_queue, store_review
from serving.schemas import REVIEWER_MAX_CHARACTERS, QueuedCandidate, ReviewRequest
from serving.service import Service, ServiceDep

router = APIRouter(include_in_schema=False, dependencies=[needs("review")])

_PAGE = 25
_MAX_FIELDS = 4 * _PAGE
_COOKIE = "auditune_reviewer"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"), autoescape=True, undefined=StrictUndefined
)


@router.get("/review")
async def show_queue(
    request: Request, service: ServiceDep, offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0
) -> HTMLResponse:
    """Show what waits for a decision."""
    return await _page(service, reviewer=unquote(request.cookies.get(_COOKIE, "")), offset=offset)


@router.post("/review")
async def decide_on_page(request: Request, service: ServiceDep) -> Response:
    """Store the decision whose button was pressed, and show the queue again."""
    _refuse_foreign(request)
    form = _read_form(await request.body())
    reviewer = form.get("reviewer", "").strip()
    offset = _offset(form.get("offset", ""))
    try:
        await store_review(service, await _decision(service, form, reviewer))
    except ValidationError as error:
        return await _page(service, reviewer, offset, describe_validation(error.errors()), 422)
    except ApiError as error:
        if error.status >= 500:
            raise
        return await _page(service, reviewer, offset, error.message, error.status)
    response = RedirectResponse(f"/review?offset={offset}", status_code=303)
    response.set_cookie(_COOKIE, quote(reviewer), max_age=30 * 86_400, path="/review", httponly=True, samesite="strict")
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
        name: " ".join(text.split()) if name == "edited_question" else text.replace("\r\n", "\n").strip()
        for name, text in texts.items()
        if text is not None and " ".join(text.split()) != " ".join(written[name][1].split())
    }


async def _page(
    service: Service, reviewer: str, offset: int, problem: str | None = None, status: int = 200
) -> HTMLResponse:
    queue = await read_queue(service, _PAGE, offset)
    html = _TEMPLATES.get_template("review.html").render(
        queue=queue,
        reviewer=reviewer[:REVIEWER_MAX_CHARACTERS],
        longest_name=REVIEWER_MAX_CHARACTERS,
        problem=problem,
        offset=offset,
        page=_PAGE,
    )
    return HTMLResponse(html, status_code=status, headers=_HEADERS)


def _read_form(body: bytes) -> dict[str, str]:
    """Read a form's fields; of a field that stands twice the first counts."""
    text = body.decode("utf-8", errors="replace")
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="replace")
    except ValueError:  # too many fields: no form of ours
        return {}
    return {name: values[0] for name, values in fields.items()}


def _offset(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0


def _refuse_foreign(request: Request) -> None:
    """Refuse a form that another site's page has made the browser send.

    Raises:
        ForeignForm: The browser says that it comes from there.
    """
    origin = request.headers.get("origin")
    is_same = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") or not is_same:
        raise ForeignForm
