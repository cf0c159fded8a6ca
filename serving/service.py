"""Everything a route needs, built once when the app starts; routes get it as `ServiceDep`."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from serving.access.key_ring import KeyRing
from serving.adapters import Adapters, AdapterSource, Champion
from serving.database import Database
from serving.execution import Reader
from serving.metrics import Metrics
from serving.request_log import RequestLog

__all__ = ["Champion", "RequestIdDep", "Service", "ServiceDep"]


@dataclass(frozen=True)
class Service:
    """The parts of a running API."""

    adapters: Adapters
    reader: Reader
    database: Database
    key_ring: KeyRing
    request_log: RequestLog
    metrics: Metrics
    source: AdapterSource | None = None
    max_candidates: int = 1

    @property
    def champion(self) -> Champion:
        """The adapter that the alias `champion` stands for now; a request in work keeps the one it began with."""
        return self.adapters.champion


# Asynchronous, for FastAPI calls each plain function in a thread.
async def _get_service(request: Request) -> Service:
    return request.app.state.service


async def _get_request_id(request: Request) -> UUID:
    return request.state.request_id


ServiceDep = Annotated[Service, Depends(_get_service)]
RequestIdDep = Annotated[UUID, Depends(_get_request_id)]
