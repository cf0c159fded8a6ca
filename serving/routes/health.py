"""GET /health (the process), /ready (model and database), /version."""

import asyncio

from fastapi import APIRouter, Response

from serving import VERSION
from serving.errors import DatabaseAway, documented
from serving.service import ServiceDep

router = APIRouter(tags=["operations"])


@router.get("/health", response_class=Response)
async def health() -> Response:
    """Answer 200 while the process lives."""
    return Response()


@router.get("/ready", responses=documented(503))
async def ready(service: ServiceDep) -> dict[str, str]:
    """Answer 200 where questions can be answered with rows. The model is loaded before the API listens."""
    if not await asyncio.to_thread(service.database.is_reachable):
        raise DatabaseAway
    return {"status": "ready", "adapter_id": service.champion.adapter_id}


@router.get("/version")
async def version(service: ServiceDep) -> dict[str, str]:
    """Name the API's version and what it serves."""
    champion = service.champion
    return {"version": VERSION, "adapter_id": champion.adapter_id, "base_model": champion.base_model}
