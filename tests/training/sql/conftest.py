"""A small shop: its catalog, the same tables with rows on the test server, and the example queries."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from training.sql.catalog import Catalog, Column, Table
from training.sql.sandbox import Executor

HERE = Path(__file__).parent
_PII = {"customers": {"name": "name", "email": "email"}}
_TABLES = {
    "customers": "customer_id integer, name text, email text, country text, created_at timestamp",
    "employees": "employee_id integer, name text, manager_id integer, salary numeric, department text",
    "order_items": "order_id integer, product_id integer, quantity integer, unit_price numeric",
    "orders": "order_id integer, customer_id integer, ordered_at timestamp, status text, total numeric",
    "products": 'product_id integer, name text, category text, "Weight KG" numeric, "order" integer',
}


def _columns(table: str) -> tuple[Column, ...]:
    pairs = [definition.rsplit(" ", 1) for definition in _TABLES[table].split(", ")]
    return tuple(Column(name.strip('"'), kind, True, False, pii=_PII.get(table, {}).get(name)) for name, kind in pairs)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The tables of the small shop."""
    return Catalog(tuple(Table("shop", name, None, _columns(name)) for name in sorted(_TABLES)))


@pytest.fixture(scope="module")
def executor(admin_dsn: str) -> Iterator[Executor]:
    """The small shop on the test server, with rows."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute("create schema small_shop")
        connection.execute("set search_path = small_shop")
        for name, columns in _TABLES.items():
            connection.execute(f"create table {name} ({columns})")
        connection.execute((HERE / "rows.sql").read_text())
    with Executor(admin_dsn, "small_shop", statement_timeout_ms=2000, row_cap=500) as executor:
        yield executor
