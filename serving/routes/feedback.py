"""POST /v1/feedback: a person's verdict on an answer."""

import asyncio

import psycopg
from fastapi import APIRouter

from serving.access.caller import needs
from serving.errors import DatabaseAway, UnknownRequest, documented
from serving.schemas import FeedbackRequest, FeedbackResponse
from serving.service import Service, ServiceDep

router = APIRouter(tags=["questions"], dependencies=[needs("ask")], responses=documented(401, 404, 422, 429, 503))

_FLUSH_SECONDS = 3.0


@router.post("/v1/feedback", status_code=201)
async def give_feedback(body: FeedbackRequest, service: ServiceDep) -> FeedbackResponse:
    """Store a verdict. A wrong answer enters the retraining queue; a corrected SQL becomes a candidate pair."""
    return await asyncio.to_thread(_store, service, body)


def _store(service: Service, body: FeedbackRequest) -> FeedbackResponse:
    try:
        # The answer's own row may still wait to be written; the verdict refers to it.
        service.request_log.flush(_FLUSH_SECONDS)
        feedback_id = service.database.store_feedback(body)
    except psycopg.errors.ForeignKeyViolation as error:
        raise UnknownRequest from error
    except psycopg.OperationalError as error:
        raise DatabaseAway from error
    return FeedbackResponse(feedback_id=feedback_id, request_id=body.request_id)
