"""The page at /: ask, read SQL and rows, say what is right, see what was asked before. Works without JavaScript.

An answer is rendered into the response of the form that asked for it: a redirect would have to carry the question in an
address, where browsers and proxies keep it.
"""

import asyncio
from typing import Any
from uuid import UUID

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from serving.access.caller import Caller, CallerDep, needs
from serving.answer import Answer
from serving.asking import ask
from serving.errors import ApiError, InvalidForm, describe_validation
from serving.page.cells import cells_of
from serving.page.chart import chart_of
from serving.page.forms import FormDep, one_line, several_lines
from serving.page.history import PastQuestion, asked_before, forget, remember
from serving.page.render import render
from serving.page.session import is_signed_in
from serving.routes.feedback import give_feedback
from serving.schemas import QUESTION_MAX_CHARACTERS, SQL_MAX_CHARACTERS, FeedbackRequest, SqlRequest
from serving.service import RequestIdDep, Service, ServiceDep
from serving.validation import validate

router = APIRouter(include_in_schema=False, dependencies=[needs("ask")])

_MAX_ROWS = 500
# What the page says after a redirect; the address holds the key alone.
_NOTICES = {
    "right": "Thank you. The answer is stored as right.",
    "wrong": "Thank you. The answer is stored as wrong, and the next training learns from it.",
    "corrected": "Thank you. Your SQL is stored; the next training learns from it once it has run in the sandbox.",
    "forgotten": "This browser no longer lists your earlier questions.",
}


@router.get("/")
async def show_page(request: Request, service: ServiceDep, said: str = "") -> HTMLResponse:
    """Show the empty form, and what this browser asked before."""
    return await _page(request, service, asked_before(request), notice=_NOTICES.get(said))


@router.post("/")
async def ask_on_page(
    request: Request, service: ServiceDep, caller: CallerDep, request_id: RequestIdDep, form: FormDep
) -> HTMLResponse:
    """Answer the question of the form, with rows where the caller may fetch them."""
    earlier = asked_before(request)
    question = one_line(form.get("question", ""))
    try:
        body = SqlRequest(question=question, execute="rows", max_rows=_MAX_ROWS)
        answer = await ask(
            service,
            caller=caller,
            request_id=request_id,
            route="/",
            question=body.question,
            is_run="run" in caller.scopes,
            row_cap=body.max_rows,
        )
    except ValidationError as error:
        problem = describe_validation(error.errors())
        return await _page(request, service, earlier, 422, question=question[:QUESTION_MAX_CHARACTERS], problem=problem)
    except ApiError as error:
        what = {"question": question, "problem": error.message, "more_headers": error.headers}
        return await _page(request, service, earlier, error.status, **what)
    shown = {"request_id": request_id, "answer": answer, **_result(answer)}
    response = await _page(request, service, earlier, question=question, shown=shown)
    remember(request, response, [request_id, *earlier])
    return response


@router.post("/feedback")
async def judge_on_page(request: Request, service: ServiceDep, caller: CallerDep, form: FormDep) -> Response:
    """Store a verdict and, with it, the SQL that would have been right."""
    try:
        said = await _store_verdict(service, caller, form)
    except ApiError as error:
        what = {"problem": error.message, "more_headers": error.headers}
        what |= {"correction": _typed(form) if "sql" in form else None}
        return await _page(request, service, asked_before(request), error.status, **what)
    return RedirectResponse(f"/?said={said}", status_code=303)


@router.post("/forget")
async def forget_questions() -> Response:
    """Take the list of earlier questions out of this browser."""
    response = RedirectResponse("/?said=forgotten", status_code=303)
    forget(response)
    return response


async def _store_verdict(service: Service, caller: Caller, form: dict[str, str]) -> str:
    """Store what a form says about an answer.

    Returns:
        Key of the notice: right, wrong or corrected.

    Raises:
        InvalidForm: It is no verdict, or its SQL would not run.
        ApiError: It cannot be stored.
    """
    typed = _typed(form)
    is_corrected = bool(typed["sql"]) and one_line(typed["sql"]) != one_line(typed["answered_sql"])
    try:
        body = FeedbackRequest(
            request_id=typed["request_id"],
            verdict=form.get("verdict", ""),
            corrected_sql=typed["sql"] if is_corrected else None,
            comment=typed["comment"] or None,
        )
    except ValidationError as error:
        raise InvalidForm(describe_validation(error.errors())) from None  # pydantic's message quotes the form
    if is_corrected:
        validation = await validate(typed["sql"], service.champion.catalog, service.reader, caller)
        if not validation.is_valid:
            raise InvalidForm(f"Your SQL is not stored yet. {validation.message}")
    await give_feedback(body, service)
    return "corrected" if is_corrected else body.verdict


def _typed(form: dict[str, str]) -> dict[str, str]:
    """Return what a person wrote to correct an answer, so that nothing has to be typed again."""
    return {name: several_lines(form.get(name, "")) for name in ("request_id", "answered_sql", "sql", "comment")}


async def _page(request: Request, service: Service, asked: list[UUID], status: int = 200, **what: Any) -> HTMLResponse:
    shown = {"question": "", "shown": None, "correction": None, "notice": None, "problem": None} | what
    return render(
        "ask.html",
        status,
        **shown,
        tab="ask",
        is_signed_in=is_signed_in(request),
        tables=service.champion.catalog.tables,
        history=await _history(service, asked),
        longest_question=QUESTION_MAX_CHARACTERS,
        longest_sql=SQL_MAX_CHARACTERS,
    )


async def _history(service: Service, asked: list[UUID]) -> list[PastQuestion]:
    """Read what is stored of earlier questions; a page without them is better than none while the warehouse is away."""
    if not asked:
        return []
    try:
        return await asyncio.to_thread(service.database.read_past_questions, asked)
    except psycopg.OperationalError:
        return []


def _result(answer: Answer) -> dict[str, Any]:
    if not answer.is_executed:
        return {"columns": (), "rows": None, "is_truncated": False, "chart": None}
    execution = answer.execution
    rows = execution.rows[:_MAX_ROWS]
    is_truncated = execution.is_truncated or len(rows) < len(execution.rows)
    return {
        "columns": execution.columns,
        "rows": cells_of(execution.columns, rows),
        "is_truncated": is_truncated,
        "chart": None if is_truncated else chart_of(execution.columns, rows),
    }
