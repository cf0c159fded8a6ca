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

from serving.access.caller import CallerDep, needs
from serving.answer import Answer
from serving.asking import ask
from serving.errors import ApiError, describe_validation
from serving.page.cells import cells_of
from serving.page.chart import chart_of
from serving.page.forms import FormDep, one_line, several_lines
from serving.page.history import PastQuestion, asked_before, forget, remember
from serving.page.render import render
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
    return await _page(service, asked_before(request), notice=_NOTICES.get(said))


@router.post("/")
async def ask_on_page(
    request: Request, service: ServiceDep, caller: CallerDep, request_id: RequestIdDep, form: FormDep
) -> HTMLResponse:
    """Answer the question of the form, with rows where the caller may have them."""
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
        return await _page(service, earlier, 422, question=question[:QUESTION_MAX_CHARACTERS], problem=problem)
    except ApiError as error:
        return await _page(service, earlier, error.status, question=question, problem=error.message)
    shown = {"request_id": request_id, "answer": answer, **_result(answer)}
    response = await _page(service, earlier, question=question, shown=shown)
    remember(request, response, [request_id, *earlier])
    return response


@router.post("/feedback")
async def judge_on_page(request: Request, service: ServiceDep, caller: CallerDep, form: FormDep) -> Response:
    """Store a verdict and, with it, the SQL that would have been right."""
    sql, comment = several_lines(form.get("sql", "")), several_lines(form.get("comment", ""))
    is_corrected = bool(sql) and one_line(sql) != one_line(form.get("answered_sql", ""))
    correction = {"request_id": form.get("request_id", ""), "sql": sql, "comment": comment} | {
        "answered_sql": form.get("answered_sql", "")
    }
    try:
        body = FeedbackRequest(
            request_id=correction["request_id"],
            verdict=form.get("verdict", ""),
            corrected_sql=sql if is_corrected else None,
            comment=comment or None,
        )
        if is_corrected:
            validation = await validate(sql, service.champion.catalog, service.reader, caller.database_role)
            if not validation.is_valid:
                problem = f"Your SQL is not stored yet. {validation.message}"
                return await _page(service, asked_before(request), 422, problem=problem, correction=correction)
        await give_feedback(body, service)
    except ValidationError as error:
        problem = describe_validation(error.errors())
        return await _page(service, asked_before(request), 422, problem=problem, correction=correction)
    except ApiError as error:
        return await _page(service, asked_before(request), error.status, problem=error.message, correction=correction)
    return RedirectResponse(f"/?said={'corrected' if is_corrected else body.verdict}", status_code=303)


@router.post("/forget")
async def forget_questions() -> Response:
    """Take the list of earlier questions out of this browser."""
    response = RedirectResponse("/?said=forgotten", status_code=303)
    forget(response)
    return response


async def _page(service: Service, asked: list[UUID], status: int = 200, **what: Any) -> HTMLResponse:
    shown = {"question": "", "shown": None, "correction": None, "notice": None, "problem": None} | what
    return render(
        "ask.html",
        status,
        **shown,
        tab="ask",
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
