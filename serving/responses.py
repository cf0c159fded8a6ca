"""What a caller is told about an answer; the same over HTTP and over MCP."""

from uuid import UUID

from serving.answer import UNANSWERABLE, Answer
from serving.schemas import SqlError, SqlEstimate, SqlResponse
from training.sql.json_values import to_json


def sql_response(request_id: UUID, answer: Answer, max_rows: int) -> SqlResponse:
    """Build the response to a question, or to a caller's own SQL.

    Args:
        request_id: Id of the request.
        answer: What became of it.
        max_rows: Most rows to return.
    """
    response = SqlResponse(
        request_id=request_id,
        sql=answer.sql,
        tables=list(answer.tables),
        columns=list(answer.columns),
        adapter_id=answer.adapter_id or None,
        confidence=answer.confidence,
        executed=answer.is_executed,
        timings_ms={stage: round(milliseconds, 2) for stage, milliseconds in answer.timings_ms.items()},
    )
    if answer.error_class == UNANSWERABLE:
        response.reason = answer.message
    elif answer.error_class is not None:
        response.error = SqlError(code=answer.error_class, message=answer.message)
    if answer.estimate is not None:
        response.estimate = SqlEstimate(cost=answer.estimate.cost, rows=answer.estimate.rows)
    if answer.is_executed:
        rows = answer.execution.rows[:max_rows]
        response.row_columns = list(answer.execution.columns)
        response.rows = [[to_json(value) for value in row] for row in rows]
        response.row_count = len(rows)
        response.is_truncated = answer.execution.is_truncated or len(rows) < len(answer.execution.rows)
    return response
