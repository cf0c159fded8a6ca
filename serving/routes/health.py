"""GET /health (the process), /ready (model and database), /version."""

import asyncio

from fastapi import APIRouter, Response

from serving import VERSION
from serving.errors import DatabaseAway, ModelAway, documented
from serving.service import ServiceDep
from serving.version import read_commit

router = APIRouter(tags=["operations"])


@router.get("/health", response_class=Response)
async def health() -> Response:
    """Answer 200 while the process lives."""
    return Response()


@router.get("/ready", responses=documented(503))
async def ready(service: ServiceDep) -> dict[str, str]:
    """Answer 200 where questions can be answered with rows; a model of this process is loaded before."""
    if service.source is not None and not service.source.is_available():
        raise ModelAway
    # Two roles with a password each: one may be let in where the other is not.
    if not (await asyncio.to_thread(service.database.is_reachable) and await service.reader.is_reachable()):
        raise DatabaseAway
    return {"status": "ready", "adapter_id": service.champion.adapter_id}


@router.get("/version")
async def version(service: ServiceDep) -> dict[str, str | None]:
    """Name the API's version and what it serves; `commit` is null where it does not run from a clone."""
    champion = service.champion
    return {
        "version": VERSION,
        "commit": await asyncio.to_thread(read_commit),
        "adapter_id": champion.adapter_id,
        "base_model": champion.base_model,
    }
