"""GET /v1/models: the served adapters, under their aliases and their ids, in OpenAI's shape."""

from typing import Any

from fastapi import APIRouter

from serving.access.caller import needs
from serving.errors import documented
from serving.service import ServiceDep

router = APIRouter(tags=["openai"], dependencies=[needs("ask")], responses=documented(401, 429, 503))


@router.get("/v1/models")
async def list_models(service: ServiceDep) -> dict[str, Any]:
    """List what is served. `root` is the base model."""
    models = [
        {
            "id": name,
            "object": "model",
            "created": champion.created,
            "owned_by": "auditune",
            "root": champion.base_model,
        }
        for name, champion in service.adapters.names().items()
    ]
    return {"object": "list", "data": models}
