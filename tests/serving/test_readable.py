"""Columns that the reader may not read: no answer names them, whoever opened or closed them."""

from collections.abc import Iterator

import psycopg
import pytest

from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.settings import Warehouse
from serving.champion import load_champion
from serving.readable import readable
from serving.startup import StartupError
from training.sql.catalog import Catalog
from training.sql.guard import check


@pytest.fixture
def admin(shop: Warehouse) -> Iterator[psycopg.Connection]:
    """The superuser, in a business whose customers' names are closed to the reader."""
    with psycopg.connect(shop.admin_dsn, autocommit=True) as conn:
        conn.execute("revoke select on shop.customers from auditune_reader")
        conn.execute("grant select (customer_id) on shop.customers to auditune_reader")
        yield conn
        conn.execute("grant select on shop.customers to auditune_reader")


def _columns(catalog: Catalog) -> set[str]:
    return {f"{table.name}.{column.name}" for table in catalog.tables for column in table.columns}


def test_a_closed_column_is_in_neither_the_grammar_nor_the_guard(admin, shop, catalog):
    found = readable(catalog, shop.reader_dsn)
    assert _columns(catalog) - _columns(found) == {"customers.full_name"}
    assert check("SELECT customer_id FROM customers", found).allowed
    assert check("SELECT full_name FROM customers", found).rule == "unknown_column"


def test_what_a_callers_role_may_read_stays_open(admin, shop, catalog):
    admin.execute("create role registrar nologin; grant registrar to auditune_reader; "
                  "grant usage on schema shop to registrar; grant select on shop.customers to registrar")  # fmt: skip
    try:
        assert readable(catalog, shop.reader_dsn) == catalog
    finally:
        admin.execute("drop owned by registrar; drop role registrar")


def test_a_table_of_which_nothing_is_open_is_left_out(admin, shop, catalog):
    admin.execute("revoke all (customer_id) on shop.customers from auditune_reader")
    assert [table.name for table in readable(catalog, shop.reader_dsn).tables] == ["orders"]


def test_where_nothing_is_open_the_api_says_what_to_do(admin, shop, catalog):
    admin.execute("revoke select on all tables in schema shop from auditune_reader")
    try:
        with pytest.raises(StartupError, match="may read no table of shop"):
            readable(catalog, shop.reader_dsn)
    finally:
        admin.execute("grant select on shop.orders to auditune_reader")


def test_set_up_leaves_closed_columns_closed(admin, shop, catalog):
    grant_business_schema(admin, "shop")
    assert "customers.full_name" not in _columns(readable(catalog, shop.reader_dsn))


def test_an_adapter_is_loaded_with_what_is_open(admin, settings, adapter_id):
    champion = load_champion(settings)
    assert "customers.full_name" not in _columns(champion.catalog)
    (generation,) = champion.generate(["who ordered most"])
    assert "full_name" not in generation.sql


def test_a_function_of_a_business_schema_closes_the_servers_of_its_name(shop, catalog):
    with psycopg.connect(shop.admin_dsn, autocommit=True) as conn:
        conn.execute("create function shop.upper(varchar) returns text language sql return 'another'")
        try:
            found = readable(catalog, shop.reader_dsn)
        finally:
            conn.execute("drop function shop.upper(varchar)")
    assert check("SELECT UPPER(status) FROM orders", found).rule == "function"
    assert check("SELECT LOWER(status) FROM orders", found).allowed
    assert found.hash == catalog.hash
