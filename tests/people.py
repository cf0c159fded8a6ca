"""A person of the business: a plain login whose statements the test server logs, and what the log says of them."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dagster_project.audit_log.ingest import find_log_files
from dagster_project.warehouse.settings import Warehouse


@contextmanager
def person_dsn(admin_dsn: str, schema: str | None = None) -> Iterator[str]:
    """The DSN of a role of its own that may read a schema; the role is dropped in the end."""
    role, password = f"person_{secrets.token_hex(4)}", secrets.token_hex(16)
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("create role {} login password {}").format(sql.Identifier(role), sql.Literal(password)))
        if schema:
            grant = "grant usage on schema {schema} to {role}; grant select on all tables in schema {schema} to {role}"
            admin.execute(sql.SQL(grant).format(schema=sql.Identifier(schema), role=sql.Identifier(role)))
        try:
            yield make_conninfo(admin_dsn, user=role, password=password, options=f"-c search_path={schema or 'public'}")
        finally:
            admin.execute(sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(role)))


def logged_lines(warehouse: Warehouse, database: str, last: str) -> list[str]:
    """The lines that the server has logged about a database, once the text of its last statement is there.

    The server's log collector is a process of its own: it writes a moment after the statement has ended.
    """
    deadline = time.monotonic() + 10
    while True:
        lines = [line for path in find_log_files(warehouse.audit_logs) for line in path.read_text().splitlines(True)]
        ours = [line for line in lines if f'"dbname":"{database}"' in line]
        if any(last in line for line in ours):
            return ours
        assert time.monotonic() < deadline, "the server has not logged the statement"
        time.sleep(0.05)
