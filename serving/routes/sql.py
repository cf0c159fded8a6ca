"""POST /v1/sql: a question to SQL and, where asked for, rows."""

from fastapi import APIRouter

from serving.access.caller import CallerDep, needs
from serving.asking import ask
from serving.errors import documented
from serving.schemas import SqlError, SqlRequest, SqlResponse
from serving.service import RequestIdDep, ServiceDep
from training.sql.json_values import to_json

router = APIRouter(tags=["questions"], dependencies=[needs("ask")], responses=documented(401, 422, 429, 503))


@router.post("/v1/sql", response_model_exclude_none=False)
async def answer_question(
    body: SqlRequest, service: ServiceDep, caller: CallerDep, request_id: RequestIdDep
) -> SqlResponse:
    """Answer a question with SQL. A question whose SQL cannot be used or run is answered with `error`, not with 4xx.

    Rows need the scope `run` beside `ask`; they are those that the key's database role may see.
    """
    answer = await ask(
        service,
        caller=caller,
        request_id=request_id,
        route="/v1/sql",
        question=body.question,
        is_run=body.execute == "rows",
        row_cap=body.max_rows,
    )
    response = SqlResponse(
        request_id=request_id,
        sql=answer.sql,
        tables=list(answer.tables),
        columns=list(answer.columns),
        adapter_id=answer.adapter_id,
        executed=answer.is_executed,
        timings_ms={stage: round(milliseconds, 2) for stage, milliseconds in answer.timings_ms.items()},
    )
    if answer.error_class is not None:
        response.error = SqlError(code=answer.error_class, message=answer.message)
    if answer.is_executed:
        rows = answer.execution.rows[: body.max_rows]
        response.row_columns = list(answer.execution.columns)
        response.rows = [[to_json(value) for value in row] for row in rows]
        response.row_count = len(rows)
        response.is_truncated = answer.execution.is_truncated or len(rows) < len(answer.execution.rows)
    return response
