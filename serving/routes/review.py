"""GET and POST /v1/review: the queue of candidates that a person has to decide about, and the decisions."""

import asyncio
from typing import Annotated

import psycopg
from fastapi import APIRouter, Query

from serving.access.caller import needs
from serving.errors import DatabaseAway, NoQueue, UnfitEdit, UnknownCandidate, documented
from serving.schemas import ReviewQueue, ReviewRequest, ReviewResponse
from serving.service import Service, ServiceDep

router = APIRouter(tags=["review"], dependencies=[needs("review")], responses=documented(401, 404, 422, 429, 503))


@router.get("/v1/review")
async def list_candidates(
    service: ServiceDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> ReviewQueue:
    """List what waits for a reviewer: drafted questions, and pairs that contradict each other."""
    return await read_queue(service, limit, offset)


@router.post("/v1/review", status_code=201)
async def decide(body: ReviewRequest, service: ServiceDep) -> ReviewResponse:
    """Store a decision. The next build of the corpus acts on it; of several decisions the last counts."""
    return await store_review(service, body)


async def read_queue(service: Service, limit: int, offset: int = 0, candidate_id: str | None = None) -> ReviewQueue:
    """Read the queue.

    Raises:
        NoQueue: dbt has not built it.
        DatabaseAway: The warehouse cannot be reached.
    """
    try:
        return await asyncio.to_thread(service.database.read_queue, limit, offset, candidate_id)
    except psycopg.errors.UndefinedTable as error:
        raise NoQueue from error
    except psycopg.OperationalError as error:
        raise DatabaseAway from error


async def store_review(service: Service, review: ReviewRequest) -> ReviewResponse:
    """Store a decision.

    Raises:
        UnknownCandidate: It is about none of the queue.
        UnfitEdit: Its SQL holds a value that its column does not take.
        NoQueue: dbt has not built the queue.
        DatabaseAway: The warehouse cannot be reached.
    """
    try:
        stored = await asyncio.to_thread(service.database.store_review, review)
    except psycopg.errors.UndefinedTable as error:
        raise NoQueue from error
    except psycopg.DataError:
        raise UnfitEdit from None  # the server's message quotes the value
    except psycopg.OperationalError as error:
        raise DatabaseAway from error
    if stored is None:
        raise UnknownCandidate
    return stored
