"""Everything a route needs, built once when the app starts; routes get it as `ServiceDep`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import Depends, Request

from serving.access.key_ring import KeyRing
from serving.answer import Answerer
from serving.database import Database
from serving.engine import Engine
from serving.execution import Reader
from serving.metrics import Metrics
from serving.request_log import RequestLog
from training.sql.catalog import Catalog

if TYPE_CHECKING:  # the module imports torch, which only the process that loads a model needs
    from training.generate import Generation


@dataclass(frozen=True)
class Champion:
    """The adapter that is served, ready to generate.

    Attributes:
        catalog: The catalog the adapter was trained on; prompt and guard use it.
        generate: Questions to SQL, in order.
        created: When it was released, in Unix seconds.
    """

    adapter_id: str
    base_model: str
    catalog: Catalog
    created: int
    generate: Callable[[list[str]], "list[Generation]"]


@dataclass(frozen=True)
class Service:
    """The parts of a running API."""

    champion: Champion
    engine: Engine
    answerer: Answerer
    reader: Reader
    database: Database
    key_ring: KeyRing
    request_log: RequestLog
    metrics: Metrics


def _get_service(request: Request) -> Service:
    return request.app.state.service


def _get_request_id(request: Request) -> UUID:
    return request.state.request_id


ServiceDep = Annotated[Service, Depends(_get_service)]
RequestIdDep = Annotated[UUID, Depends(_get_request_id)]
