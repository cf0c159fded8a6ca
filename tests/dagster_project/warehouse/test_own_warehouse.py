"""The user's own PostgreSQL through AUDITUNE_DSN: an administrator without superuser, and all that may be wrong."""

import re
from pathlib import Path

import psycopg
import pytest

from dagster_project.embedded.server import Server, start
from dagster_project.warehouse.entry import open_warehouse
from dagster_project.warehouse.errors import WarehouseError
from dagster_project.warehouse.settings import Warehouse
from tests.embedded_settings import embedded_settings

PASSWORD = "pw-of-the-dba"


@pytest.fixture
def server(guarded_home: Path) -> Server:
    """A server that was not made for auditune: a database of a dba, a business of somebody else."""
    server = start(embedded_settings(guarded_home / "server"))
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"create role dba login createrole password '{PASSWORD}'")
        admin.execute(f"create role guest login password '{PASSWORD}'")
        admin.execute("create database company owner dba")
    with psycopg.connect(dsn(server, "dba"), autocommit=True) as dba:
        dba.execute("create schema sales")
        dba.execute("create table sales.invoices (invoice_id int)")
    return server


def dsn(server: Server, user: str, password: str = PASSWORD, database: str = "company") -> str:
    return re.sub(r"//[^@]+@", f"//{user}:{password}@", server.dsn(database))


def environ(home: Path, address: str, **more: str) -> dict[str, str]:
    base = {"AUDITUNE_HOME": str(home), "AUDITUNE_DSN": address, "AUDITUNE_SCHEMAS": "sales"}
    return {**base, "AUDITUNE_AUDIT_LOGS": "/var/log/postgresql/*.json", **more}


def test_administrator_without_superuser(server: Server, tmp_path: Path) -> None:
    variables = environ(tmp_path, dsn(server, "dba"))
    done = open_warehouse(variables)
    assert any("ask a superuser to run" in note for note in done.notes), "it must say that our statements are logged"
    assert any("pg_stat_statements" in note and "optional" in note for note in done.notes)
    assert not done.warehouse.is_embedded
    with psycopg.connect(done.warehouse.reader_dsn) as reader:
        reader.execute("select * from sales.invoices")

    loaded = Warehouse.load(variables)
    assert loaded == done.warehouse
    assert "auditune_owner" in loaded.dsn, "the rest works as the owner, not as the administrator"
    assert open_warehouse(variables).warehouse == done.warehouse, "a second run goes the same way"

    as_owner = open_warehouse(environ(tmp_path, loaded.dsn))
    assert as_owner.warehouse == done.warehouse, "the owner's own address does where everything exists"


def test_without_audit_logs_the_servers_own_log_is_read(server: Server, tmp_path: Path) -> None:
    variables = environ(tmp_path, dsn(server, "dba"), AUDITUNE_AUDIT_LOGS="")
    with pytest.raises(WarehouseError, match="ask a superuser to run `grant pg_monitor to auditune_owner; ") as failure:
        open_warehouse(variables)
    with psycopg.connect(server.dsn("company"), autocommit=True) as superuser:
        superuser.execute(re.search(r"`(.*)`", str(failure.value)).group(1))
    done = open_warehouse(variables)

    assert done.warehouse.audit_logs == ("server://",)
    assert any("the server's own log is read, from server://" in note for note in done.notes)
    assert Warehouse.load(variables).audit_logs == ("server://",)


def test_roles_of_another_auditune_keep_their_passwords(server: Server, tmp_path: Path) -> None:
    first = open_warehouse(environ(tmp_path / "one", dsn(server, "dba"))).warehouse
    with pytest.raises(WarehouseError, match="auditune_owner exists with a password"):
        open_warehouse(environ(tmp_path / "two", dsn(server, "dba")))
    psycopg.connect(first.dsn).close()

    given = {name: value for name, value in first.environment().items() if re.fullmatch(r"AUDITUNE_\w+_DSN", name)}
    second = open_warehouse(environ(tmp_path / "two", first.dsn, **given)).warehouse
    assert second.reader_dsn == first.reader_dsn


@pytest.mark.parametrize(
    ("user", "password", "database", "sentence"),
    [
        ("dba", "wrong-password", "company", r"refuses the password of dba: correct it in AUDITUNE_DSN"),
        ("nobody_here", "wrong-password", "company", r"refuses the password of nobody_here"),
        ("dba", PASSWORD, "no_company", r"has no database no_company"),
        ("guest", PASSWORD, "company", r"guest lacks CREATEROLE \(for auditune_owner, .*\) and CREATE on the database"),
    ],
)
def test_wrong_address(server: Server, tmp_path: Path, user: str, password: str, database: str, sentence: str) -> None:
    with pytest.raises(WarehouseError, match=sentence) as failure:
        open_warehouse(environ(tmp_path, dsn(server, user, password, database)))
    assert password not in str(failure.value)
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__ or failure.value.__context__ is None


def test_schema_that_is_not_there(server: Server, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"no schema shop: set AUDITUNE_SCHEMAS"):
        open_warehouse(environ(tmp_path, dsn(server, "dba"), AUDITUNE_SCHEMAS="shop"))


def test_schema_of_the_same_name_that_is_not_ours(server: Server, tmp_path: Path) -> None:
    with psycopg.connect(dsn(server, "dba"), autocommit=True) as dba:
        dba.execute("create schema staging")
    with pytest.raises(WarehouseError, match=r"already has the schema staging, which is not auditune's"):
        open_warehouse(environ(tmp_path, dsn(server, "dba")))


def test_business_that_the_administrator_may_not_open(server: Server, tmp_path: Path) -> None:
    with psycopg.connect(server.dsn("company"), autocommit=True) as superuser:
        superuser.execute("create schema closed")
        superuser.execute("create table closed.books (book_id int)")
    variables = environ(tmp_path, dsn(server, "dba"), AUDITUNE_SCHEMAS="closed")
    with pytest.raises(WarehouseError, match=r'ask its owner to run `grant usage on schema "closed"') as failure:
        open_warehouse(variables)
    with psycopg.connect(server.dsn("company"), autocommit=True) as superuser:
        statements = re.search(r"`(.*)`", str(failure.value))
        assert statements is not None
        superuser.execute(statements.group(1))
    open_warehouse(variables)
