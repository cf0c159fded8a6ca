"""GET /v1/models: the served adapter, under its id and under its alias, in OpenAI's shape."""

from typing import Any

from fastapi import APIRouter

from serving.access.caller import needs
from serving.errors import documented
from serving.service import Champion, ServiceDep
from training.registry import CHAMPION

router = APIRouter(tags=["openai"], dependencies=[needs("ask")], responses=documented(401, 429, 503))


def served_names(champion: Champion) -> tuple[str, ...]:
    """Return the names a request may give as its model."""
    return (CHAMPION, champion.adapter_id)


@router.get("/v1/models")
async def list_models(service: ServiceDep) -> dict[str, Any]:
    """List what is served. `root` is the base model."""
    champion = service.champion
    models = [
        {
            "id": name,
            "object": "model",
            "created": champion.created,
            "owned_by": "auditune",
            "root": champion.base_model,
        }
        for name in served_names(champion)
    ]
    return {"object": "list", "data": models}
