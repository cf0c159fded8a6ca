"""POST /v1/sql: a question to SQL and, where asked for, rows."""

from fastapi import APIRouter

from serving.access.caller import CallerDep, needs
from serving.asking import ask
from serving.errors import documented
from serving.responses import sql_response
from serving.schemas import SqlRequest, SqlResponse
from serving.service import RequestIdDep, ServiceDep

router = APIRouter(tags=["questions"], dependencies=[needs("ask")], responses=documented(401, 422, 429, 503))


@router.post("/v1/sql", response_model_exclude_none=False)
async def answer_question(
    body: SqlRequest, service: ServiceDep, caller: CallerDep, request_id: RequestIdDep
) -> SqlResponse:
    """Answer a question with SQL. A question whose SQL cannot be used or run is answered with `error`, not with 4xx.

    Rows, and the planner's estimate of them, need the scope `run` beside `ask`; they are those that the key's database
    role may see.
    """
    answer = await ask(
        service,
        caller=caller,
        request_id=request_id,
        route="/v1/sql",
        question=body.question,
        is_run=body.execute == "rows",
        is_explained=body.execute == "explain",
        row_cap=body.max_rows,
        candidates=body.candidates,
    )
    return sql_response(request_id, answer, body.max_rows)
