"""What several of the API's tests need beside fixtures."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import uvicorn

from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.settings import Warehouse
from serving.__main__ import server_config
from serving.app import create_app
from serving.service import Champion
from serving.settings import Settings

SECRET = "Ada Lovelace"
"""A planted person: must never be stored, logged or counted in clear."""


@dataclass(frozen=True)
class Generated:
    """What training.generate returns for a question."""

    sql: str
    prompt_tokens: int = 400
    completion_tokens: int = 20
    log_probability: float | None = None
    forced_tokens: int = 5
    guessed_tokens: int = 7
    cached_tokens: int = 300
    drafts: tuple[str, ...] = ()
    draft_log_probabilities: tuple[float, ...] = ()


def create_shop(warehouse: Warehouse) -> None:
    """Create the business schema and the privacy functions in a fresh warehouse."""
    here = Path(__file__).parent
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        admin.execute((here / "shop.sql").read_text())
        grant_business_schema(admin, "shop")
    with psycopg.connect(warehouse.dsn, autocommit=True) as owner:
        owner.execute((here / "privacy_stand_ins.sql").read_text())


def wait_until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Poll until a condition holds; return what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)
    return result


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(config: uvicorn.Config) -> Iterator[None]:
    """Serve as a configuration says, in a thread, until the block ends."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def served(settings: Settings, champion: Champion) -> Iterator[str]:
    """Serve the API as `python -m serving` does, on a free port of this machine; gives its address."""
    config = server_config(create_app(settings, champion), settings)
    config.port = free_port()
    with running(config):
        yield f"{'https' if settings.tls_cert else 'http'}://127.0.0.1:{config.port}"


@contextmanager
def api_locked_out(shop: Warehouse) -> Iterator[None]:
    """Cut the API off from the warehouse: its role may not log in, its connections end."""
    with psycopg.connect(shop.admin_dsn, autocommit=True) as admin:
        admin.execute("alter role auditune_api nologin")
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'auditune_api'")
        try:
            yield
        finally:
            admin.execute("alter role auditune_api login")
