"""GET /metrics: Prometheus."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from serving.service import ServiceDep

router = APIRouter(tags=["operations"])


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(service: ServiceDep) -> Response:
    """Return all metrics in Prometheus's text format."""
    return Response(service.metrics.render(), headers={"Content-Type": CONTENT_TYPE_LATEST})
