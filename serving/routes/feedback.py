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
    if not await asyncio.to_thread(_may_exist, service, body.request_id):
        raise UnknownRequest
    row = FeedbackRow(**body.model_dump())
    try:
        await service.request_log.add(row)
    except NotKept as error:
        raise LogFull from error
    return FeedbackResponse(feedback_id=row.feedback_id, request_id=body.request_id)


def _may_exist(service: Service, request_id: UUID) -> bool:
    """Whether a request is in the log, or may be among the rows that wait for the warehouse.

    Those are written before the verdict, which the foreign key refuses then where there is no such request.
    """
    try:
        if service.database.has_request(request_id):
            return True
        # The answer's own row may still be on its way.
        return not service.request_log.flush(_FLUSH_SECONDS) or service.database.has_request(request_id)
    except psycopg.OperationalError:
        return True
