"""The layers behind the guard's tree check, each without the others: what gets past one is stopped by the next."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.settings import Warehouse
from tests.training.sql.conftest import _TABLES
from training.sql.sandbox import Executor

HERE = Path(__file__).parent
ATTACKS = [tuple(line.split("\t")) for line in (HERE / "attacks.tsv").read_text().splitlines()]
HARMLESS = [sql for name in ("queries.sql", "harmless.sql") for sql in (HERE / name).read_text().splitlines()]
# What writes, reads files, reaches other hosts or runs the server is for the role to refuse, not for the guard alone.
REFUSED = {"write", "into", "ddl", "files", "large", "admin", "locking", "multiple", "statement", "sequence"}
# … but for these, which any role may call, and which change nothing (process 1 is none of the server's).
LEFT_TO_THE_GUARD = {
    "table orders",
    "values (1)",
    "select pg_notify('a', 'b')",
    "select pg_cancel_backend(1)",
    "select pg_terminate_backend(1)",
    "select pg_export_snapshot()",
    "select pg_relation_filepath('orders')",
    "select pg_logical_emit_message(true, 'a', 'b')",
}
# PostgreSQL 15 makes large objects in a read-only transaction too, and they go with it.
LARGE_OBJECTS = {"select lo_creat(-1)", "select lo_from_bytea(0, 'x')"}

_STATE = """
select 'relation', relname::text from pg_class
where relkind in ('r', 'v', 'm', 'S') and relnamespace::regnamespace::text !~ '^pg_'
union all select 'role', rolname || rolsuper || coalesce(rolconfig::text, '') from pg_roles
union all select 'function', proname::text from pg_proc where pronamespace::regnamespace::text !~ '^(pg_|information)'
union all select 'orders', md5(string_agg(orders::text, ',' order by order_id)) from shop.orders
union all select 'customers', md5(string_agg(customers::text, ',' order by customer_id)) from shop.customers
union all select 'large object', oid::text from pg_largeobject_metadata
order by 1, 2
"""


@pytest.fixture(scope="module")
def shop(warehouse: Warehouse, admin_dsn: str) -> Iterator[psycopg.Connection]:
    """The small shop as a business schema; the superuser's connection to it."""
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute("create schema shop")
        admin.execute("set search_path = shop")
        for name, columns in _TABLES.items():
            admin.execute(f"create table {name} ({columns})")
        admin.execute((HERE / "rows.sql").read_text())
        grant_business_schema(admin, "shop")
        yield admin


def test_without_the_guard_the_role_changes_nothing(shop: psycopg.Connection, warehouse: Warehouse) -> None:
    before = shop.execute(_STATE).fetchall()
    assert len(before) > 20

    with Executor(warehouse.reader_dsn, "shop", statement_timeout_ms=200) as reader:
        ran = {sql for kind, sql in ATTACKS if kind in REFUSED and reader.run(sql).error_class is None}

    assert ran <= LEFT_TO_THE_GUARD | _large_objects(shop)
    assert shop.execute(_STATE).fetchall() == before


def test_without_the_roles_settings_the_transaction_is_read_only(shop: psycopg.Connection, admin_dsn: str) -> None:
    """As a superuser, for whom no privilege is missing."""
    before = shop.execute(_STATE).fetchall()

    with Executor(admin_dsn, "shop", statement_timeout_ms=200) as superuser:
        for kind, sql in ATTACKS:
            if kind in ("write", "into", "ddl", "large") and sql not in _large_objects(shop):
                assert superuser.run(sql).error_class is not None, sql

    assert shop.execute(_STATE).fetchall() == before


def test_who_waits_for_a_lock_gives_up_before_the_statement_does(
    shop: psycopg.Connection, warehouse: Warehouse
) -> None:
    with Executor(warehouse.reader_dsn, "shop", statement_timeout_ms=10_000) as reader, shop.transaction():
        shop.execute("lock table shop.orders in access exclusive mode")
        answer = reader.run("select count(*) from orders")
    assert (answer.error_class, answer.sqlstate) == ("timeout", "55P03")


def test_what_goes_to_files_is_limited(shop: psycopg.Connection, warehouse: Warehouse) -> None:
    """The limit is the superuser's: here it is a small one, and the role cannot lift it."""
    shop.execute("alter role auditune_reader set temp_file_limit = '1MB'")
    large = "select count(*) from (select n from generate_series(1, 10000000) as n order by n % 7, n) as x"
    try:
        with psycopg.connect(warehouse.reader_dsn, autocommit=True) as reader:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute("set temp_file_limit = -1")
            with pytest.raises(psycopg.errors.ConfigurationLimitExceeded):
                reader.execute(large)
    finally:
        shop.execute("alter role auditune_reader set temp_file_limit = '1GB'")


def test_a_transaction_that_is_left_open_is_ended(warehouse: Warehouse) -> None:
    with Executor(warehouse.reader_dsn, "shop", statement_timeout_ms=50) as reader:
        connection = reader._connect()
        connection.execute("select 1")  # and nothing after it
        time.sleep(0.5)
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            connection.execute("select 1")


def _large_objects(conn: psycopg.Connection) -> set[str]:
    return LARGE_OBJECTS if conn.info.server_version < 160_000 else set()


def test_what_is_harmless_runs(shop: psycopg.Connection, warehouse: Warehouse) -> None:
    with Executor(warehouse.reader_dsn, "shop", statement_timeout_ms=5000) as reader:
        harmless = HARMLESS + (HERE / "harmless_by_people.sql").read_text().splitlines()
        failed = {sql: found.sqlstate for sql in harmless if (found := reader.run(sql)).error_class is not None}
    assert failed == {}
