"""POST /v1/feedback: a person's verdict on an answer."""

import asyncio
from uuid import UUID

import psycopg
from fastapi import APIRouter

from serving.access.caller import needs
from serving.errors import LogFull, UnknownRequest, documented
from serving.request_log import FeedbackRow, NotKept
from serving.schemas import FeedbackRequest, FeedbackResponse
from serving.service import Service, ServiceDep

router = APIRouter(tags=["questions"], dependencies=[needs("ask")], responses=documented(401, 404, 422, 429, 503))

_FLUSH_SECONDS = 3.0


@router.post("/v1/feedback", status_code=201)
async def give_feedback(body: FeedbackRequest, service: ServiceDep) -> FeedbackResponse:
    """Store a verdict. A wrong answer enters the retraining queue; a corrected SQL becomes a candidate pair."""
    is_reachable = await _check_request(service, body.request_id)
    row = FeedbackRow(**body.model_dump())
    try:
        await service.request_log.add(row)
    except NotKept as error:
        raise LogFull from error
    if is_reachable:  # so that who asks the warehouse next finds the verdict there
        await service.request_log.flush(_FLUSH_SECONDS)
    return FeedbackResponse(feedback_id=row.feedback_id, request_id=body.request_id)


async def _check_request(service: Service, request_id: UUID) -> bool:
    """Look a request up in the log, where its row may not have arrived yet.

    Rows that wait are written before the verdict, which the foreign key refuses then where there is no such request.

    Returns:
        Whether the warehouse can be reached.

    Raises:
        UnknownRequest: There is no such request.
    """
    try:
        if await asyncio.to_thread(service.database.has_request, request_id):
            return True
        is_written = await service.request_log.flush(_FLUSH_SECONDS)
        if is_written and not await asyncio.to_thread(service.database.has_request, request_id):
            raise UnknownRequest
    except psycopg.OperationalError:
        return False
    return True
