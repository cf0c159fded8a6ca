"""Another `log_destination` of the test server for a while; other tests rely on the jsonlog alone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql


@contextmanager
def log_destination(admin_dsn: str, destination: str) -> Iterator[None]:
    """Lets the server log as told, and as before in the end."""
    _set(admin_dsn, destination)
    try:
        yield
    finally:
        _set(admin_dsn, "jsonlog")


def _set(admin_dsn: str, destination: str) -> None:
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("alter system set log_destination = {}").format(sql.Literal(destination)))
        admin.execute("select pg_reload_conf()")
    deadline = time.monotonic() + 10
    while True:  # the server reads its configuration a moment later; a new connection has what it read
        with psycopg.connect(admin_dsn) as connection:
            if connection.execute("show log_destination").fetchone() == (destination,):
                return
        assert time.monotonic() < deadline, "the server has not read its configuration"
        time.sleep(0.02)
