"""A sandbox with the tables of the small data set, on a real server."""

import psycopg
import pytest

from tests.training.small_dataset import CATALOG
from training.evaluate.score import Scorer
from training.sql.sandbox import Executor

_TABLES = """
create schema sandbox_shop;
create table sandbox_shop.customers as select 1 as customer_id, 'x@example.com' as email, 'gold' as tier;
create table sandbox_shop.orders as
    select n as order_id, 1 as customer_id, 1 as seller_id, n::numeric(10, 2) as total from generate_series(1, 40) as n;
grant usage on schema sandbox_shop to auditune_sandbox;
grant select on all tables in schema sandbox_shop to auditune_sandbox;
"""


@pytest.fixture(scope="module")
def sandbox_dsn(warehouse, admin_dsn) -> str:
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute("drop schema if exists sandbox_shop cascade")
        admin.execute(_TABLES)
    return warehouse.environment()["AUDITUNE_SANDBOX_DSN"]


@pytest.fixture
def scorer(sandbox_dsn):
    with Executor(sandbox_dsn, "sandbox_shop") as executor:
        yield Scorer(CATALOG, [], executor)
