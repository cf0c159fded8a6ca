"""Without AUDITUNE_AUDIT_LOGS the server is asked where its own log is, and read from there, through SQL if need be."""

import gzip
import re
import secrets
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from dagster_project.audit_log.errors import AuditLogError
from dagster_project.audit_log.ingest import ingest
from dagster_project.audit_log.server_log import PRIVILEGES
from dagster_project.warehouse import own_log as module
from dagster_project.warehouse.errors import WarehouseError
from dagster_project.warehouse.own_log import own_log
from dagster_project.warehouse.settings import Warehouse
from tests.log_destination import log_destination
from tests.people import logged_lines, person_dsn

FOREVER = date(9999, 1, 1)


@pytest.fixture
def owner(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """The owner's connection to raw tables that are empty."""
    with psycopg.connect(warehouse.dsn, autocommit=True) as connection:
        connection.execute("truncate raw_audit.log_lines, raw_audit.quarantined_lines, raw_audit.log_files")
        yield connection


@pytest.fixture
def superuser(admin_dsn: str) -> Iterator[psycopg.Connection]:
    """The superuser; what it grants is taken back."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        yield connection
        connection.execute("revoke pg_monitor from auditune_owner")
        connection.execute(
            "revoke execute on function pg_read_binary_file(text, bigint, bigint, boolean) from auditune_owner"
        )


@pytest.fixture
def dba(superuser: psycopg.Connection, admin_dsn: str) -> Iterator[psycopg.Connection]:
    """An administrator who is no superuser, and may not know where the log is."""
    password = secrets.token_hex(16)
    superuser.execute(f"create role dba login createrole password '{password}'")
    with psycopg.connect(make_conninfo(admin_dsn, user="dba", password=password), autocommit=True) as connection:
        yield connection
    superuser.execute("drop role dba")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server runs on another machine: its folder is not on this one."""
    monkeypatch.setattr(module, "_is_here", lambda *_: False)


def test_a_folder_on_this_machine_is_read_as_files(warehouse: Warehouse, superuser, owner) -> None:
    pattern = own_log(superuser, owner)

    assert Path(pattern).parent.samefile(Path(warehouse.audit_logs[0]).parent)
    assert pattern.endswith("/*.json*")
    assert ingest(owner, (pattern,), FOREVER).loaded > 0


def test_a_folder_of_the_same_name_with_another_servers_log_is_not_taken_for_it(
    superuser, owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "postgresql.json").write_text('{"timestamp":"2026-03-01 10:00:00.000 UTC"}\n')
    monkeypatch.setattr(module, "_folder", lambda _: tmp_path)
    monkeypatch.setattr(module, "_WRITTEN_WITHIN_S", 0)
    superuser.execute(PRIVILEGES)

    assert own_log(superuser, owner) == "server://"


def test_through_sql_the_same_lines_come_as_from_the_files(
    warehouse: Warehouse, superuser, owner, elsewhere, admin_dsn: str
) -> None:
    superuser.execute(PRIVILEGES)
    entry = own_log(superuser, owner)
    assert entry == "server://"
    with person_dsn(admin_dsn) as dsn, psycopg.connect(dsn, autocommit=True) as person:
        person.execute("select 'asked before'")
        logged_lines(warehouse, person.info.dbname, last="asked before")
        first = ingest(owner, (entry,), FOREVER)
        person.execute("select 'asked after'")
        logged_lines(warehouse, person.info.dbname, last="asked after")
    second = ingest(owner, (entry,), FOREVER)

    assert first.loaded > second.loaded > 0
    from_files = ingest(owner, warehouse.audit_logs, FOREVER)
    assert (from_files.loaded, from_files.duplicates) == (
        0,
        0,
    )  # the same files, read to where they were read through SQL


def test_a_log_that_was_compressed_on_the_server_is_read_through_sql_too(
    warehouse: Warehouse, superuser, owner, elsewhere
) -> None:
    superuser.execute(PRIVILEGES)
    ingest(owner, ("server://",), FOREVER)
    (before,) = owner.execute("select count(*) from raw_audit.log_lines").fetchone()
    folder = Path(warehouse.audit_logs[0]).parent
    line = b'{"timestamp":"2026-03-01 10:00:00.000 UTC","session_id":"69a4.1f","line_num":1,"message":"of March"}\n'
    archive = folder / "march.json.gz"
    archive.write_bytes(gzip.compress(line))
    archive.chmod(0o644)
    try:
        ingest(owner, ("server://",), FOREVER)
    finally:
        archive.unlink()

    rows = owner.execute("select log_file from raw_audit.log_lines where line ->> 'message' = 'of March'").fetchall()
    assert rows == [("march.json.gz",)]
    assert before > 0


def test_who_may_not_is_told_what_to_grant_and_then_may(superuser, dba, owner) -> None:
    with pytest.raises(WarehouseError, match="auditune_owner may not read the server's log") as failure:
        own_log(dba, owner)
    with pytest.raises(AuditLogError, match="auditune_owner may not read the server's log"):
        ingest(owner, ("server://",), FOREVER)
    statements = re.search(r"`(.*)`", str(failure.value))
    assert statements is not None

    superuser.execute("grant pg_monitor to auditune_owner")
    with pytest.raises(WarehouseError, match="auditune_owner may not read"):
        own_log(dba, owner)  # it knows the files now, but may not read them
    superuser.execute(statements.group(1))

    assert own_log(dba, owner) == "server://"


def test_a_server_that_logs_for_people_only_is_told_what_to_set(admin_dsn: str, owner) -> None:
    with (
        log_destination(admin_dsn, "stderr"),
        psycopg.connect(admin_dsn, autocommit=True) as admin,
        pytest.raises(WarehouseError, match="no log that auditune reads: set log_destination = 'jsonlog'"),
    ):
        own_log(admin, owner)
