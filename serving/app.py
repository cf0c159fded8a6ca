"""The FastAPI app: builds the service when it starts, takes it down when it stops, includes the routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from serving import VERSION, errors
from serving.answer import Answerer
from serving.database import Database
from serving.engine import MicroBatchEngine
from serving.execution import Reader
from serving.metrics import Metrics
from serving.request_context import RequestContext
from serving.request_log import RequestLog
from serving.routes import completions, feedback, health, metrics, models, review, review_page, sql
from serving.schemas import ErrorResponse
from serving.service import Champion, Service
from serving.settings import Settings
from serving.spool import Spool, read_spool_key

_ERRORS = {
    404: {"model": ErrorResponse, "description": "No such model or request"},
    422: {"model": ErrorResponse, "description": "Invalid request"},
    503: {"model": ErrorResponse, "description": "Too many questions wait, or the warehouse is away; Retry-After"},
}


def create_app(settings: Settings, champion: Champion) -> FastAPI:
    """Build the app around a loaded champion.

    Args:
        settings: Settings of the API.
        champion: The adapter to serve, ready to generate.
    """
    numbers = Metrics()
    app = FastAPI(
        title="auditune",
        version=VERSION,
        description="Questions about the warehouse to SQL, with a model tuned on the warehouse's own query log.",
        lifespan=partial(_lifespan, settings=settings, champion=champion, numbers=numbers),
        responses=_ERRORS,
    )
    app.add_middleware(RequestContext, metrics=numbers)
    errors.install(app)
    for module in (sql, completions, models, feedback, review, review_page, health, metrics):
        app.include_router(module.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, *, settings: Settings, champion: Champion, numbers: Metrics) -> AsyncIterator[None]:
    database = Database(settings.api_dsn)
    database.pool.open()
    spool = Spool(
        settings.home / "spool", read_spool_key(settings.home), limit_bytes=int(settings.request_log_spool_mib * 2**20)
    )
    request_log = RequestLog(database.pool, numbers, spool)
    engine = MicroBatchEngine(
        champion.generate,
        queue_size=settings.engine_queue_size,
        batch_size=settings.engine_batch_size,
        timeout_seconds=settings.generation_timeout_seconds,
    )
    reader = Reader(
        settings.reader_dsn,
        search_path=",".join(settings.schemas),
        connections=settings.reader_connections,
        statement_timeout_ms=settings.statement_timeout_ms,
        row_cap=settings.row_cap,
        cost_ceiling=settings.cost_ceiling,
    )
    numbers.watch("auditune_engine_queue_depth", "Questions that wait for the model", engine.queue_depth)
    numbers.watch("auditune_request_log_depth", "Rows in the spool, not yet written", request_log.depth)
    numbers.watch("auditune_request_log_bytes", "Their size on disk", request_log.waiting_bytes)
    numbers.watch("auditune_request_log_age_seconds", "How long the oldest of them has waited", request_log.age_seconds)
    app.state.service = Service(
        champion=champion,
        engine=engine,
        answerer=Answerer(engine, champion.catalog, reader),
        database=database,
        request_log=request_log,
        metrics=numbers,
    )
    try:
        yield
    finally:
        engine.close()
        reader.close()
        request_log.close()
        database.pool.close()
