"""The FastAPI app: builds the service when it starts, takes it down when it stops, includes the routes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from psycopg.conninfo import conninfo_to_dict

from serving import VERSION, errors
from serving.access.gate import Gate
from serving.access.key_ring import KeyRing, read_keys
from serving.adapters import Adapters, AdapterSource, Served
from serving.alias_watch import AliasWatch
from serving.answer import Answerer
from serving.database import Database
from serving.engines.micro_batch import MicroBatchEngine
from serving.execution import Reader
from serving.mcp.mount import McpEndpoint
from serving.metrics import Metrics
from serving.own_pages_only import OwnPagesOnly
from serving.page import refusal
from serving.page.render import static_files
from serving.request_context import RequestContext
from serving.request_log import RequestLog
from serving.routes import (
    ask_page,
    completions,
    feedback,
    health,
    login_page,
    metrics,
    models,
    review,
    review_page,
    sql,
    validation,
)
from serving.service import Champion, Service
from serving.settings import Settings
from serving.spool import Spool, read_spool_key


def create_app(settings: Settings, champion: Champion, source: AdapterSource | None = None) -> FastAPI:
    """Build the app around a loaded champion.

    Args:
        settings: Settings of the API.
        champion: The adapter to serve, ready to generate.
        source: Where the adapters that follow it are loaded; None serves this one until the API stops.
    """
    numbers = Metrics()
    app = FastAPI(
        title="auditune",
        version=VERSION,
        description="Questions about the warehouse to SQL, with a model tuned on the warehouse's own query log.",
        lifespan=partial(_lifespan, settings=settings, champion=champion, source=source, numbers=numbers),
        responses=errors.documented(403, 408, 413),
    )
    app.add_middleware(
        Gate,
        allowed_networks=settings.allowed_networks,
        trusted_proxies=settings.trusted_proxies,
        body_limit_bytes=settings.body_limit_bytes,
    )
    app.add_middleware(OwnPagesOnly, hosts=frozenset(name.lower() for name in settings.allowed_hosts))
    app.add_middleware(RequestContext, metrics=numbers)  # added last: the outermost
    errors.install(app)
    refusal.install(app)
    for module in (sql, validation, completions, models, feedback, review, health, metrics):
        app.include_router(module.router)
    for module in (ask_page, review_page, login_page):
        app.include_router(module.router)
    app.mount("/static", static_files(), name="static")
    app.state.mcp = McpEndpoint(app)
    return app


@asynccontextmanager
async def _lifespan(
    app: FastAPI, *, settings: Settings, champion: Champion, source: AdapterSource | None, numbers: Metrics
) -> AsyncIterator[None]:
    database = Database(settings.api_dsn)
    database.pool.open()
    reader_role = conninfo_to_dict(settings.reader_dsn).get("user", "")
    key_ring = KeyRing(
        partial(read_keys, database.pool, reader_role),
        is_required=settings.are_keys_required,
        own_token=settings.api_key and settings.api_key.get_secret_value(),
    )
    key_ring.open()
    spool = Spool(
        settings.home / "spool", read_spool_key(settings.home), limit_bytes=int(settings.request_log_spool_mib * 2**20)
    )
    request_log = RequestLog(database.pool, numbers, spool)
    reader = Reader(
        settings.reader_dsn,
        search_path=",".join(settings.schemas),
        connections=settings.reader_connections,
        statement_timeout_ms=settings.statement_timeout_ms,
        row_cap=settings.row_cap,
        byte_cap=settings.byte_cap,
        cost_ceiling=settings.cost_ceiling,
    )
    adapters = Adapters(
        champion, serve=partial(_serve, settings=settings, reader=reader), source=source, canary=settings.canary
    )
    numbers.watch("auditune_engine_queue_depth", "Questions that wait for the model", adapters.queue_depth)
    numbers.watch("auditune_request_log_depth", "Rows in the spool, not yet written", request_log.depth)
    numbers.watch("auditune_request_log_bytes", "Their size on disk", request_log.waiting_bytes)
    numbers.watch("auditune_request_log_age_seconds", "How long the oldest of them has waited", request_log.age_seconds)
    if source is not None:
        description = "1 where the model can be asked, 0 while no engine server is let in"
        numbers.watch("auditune_model_available", description, lambda: int(source.is_available()))
    app.state.service = Service(
        adapters=adapters,
        reader=reader,
        database=database,
        key_ring=key_ring,
        request_log=request_log,
        metrics=numbers,
        source=source,
        max_candidates=settings.max_candidates,
    )
    try:
        async with _following(adapters, source, database, settings), app.state.mcp.running():
            yield
    finally:
        await adapters.close()
        reader.close()
        request_log.close()
        key_ring.close()
        database.pool.close()


@asynccontextmanager
async def _following(
    adapters: Adapters, source: AdapterSource | None, database: Database, settings: Settings
) -> AsyncIterator[None]:
    """Follows the aliases as long as the API runs."""
    if source is None:
        yield
        return
    await source.start()
    watch = AliasWatch(
        adapters,
        source,
        database,
        poll_seconds=settings.champion_poll_seconds,
        has_challenger=settings.canary > 0,
    )
    watching = asyncio.create_task(watch.run())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await source.stop()


def _serve(champion: Champion, *, settings: Settings, reader: Reader) -> Served:
    """Starts what answers for an adapter."""
    engine = champion.engine or MicroBatchEngine(
        champion.generate,
        queue_size=settings.engine_queue_size,
        batch_size=settings.engine_batch_size,
        timeout_seconds=settings.generation_timeout_seconds,
    )
    return Served(champion, engine, Answerer(engine, champion.catalog, reader, champion.calibration))
