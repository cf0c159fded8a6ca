"""While dbt replaces the tables that tell what is personal, nothing comes back in clear; nor in another DateStyle."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import NAME

# What nobody in the business has: only its columns tell that it is personal; and what the index and the patterns tell.
STATEMENT = "select city from customers where birth_date = '1961-05-05' and full_name = 'Jane Nobody'"
QUESTION = "Where do customers of 5 May 1961 live?"
TEXT = f"{NAME}, jane@corp.com"
_BOTH = (
    "select statement, privacy.days_as_in(%s, statement), privacy.dates_as_in(%s, statement),"
    " privacy.pseudonymize_text(%s)"
    " from (select privacy.pseudonymize_sql(%s) as statement offset 0) as pseudonymized"
)


@pytest.fixture
def dbt_session(built_copy: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(built_copy.dsn) as connection:
        yield connection


@pytest.fixture
def caller(built_copy: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(built_copy.dsn, autocommit=True) as connection:
        yield connection


def pseudonymized(connection: psycopg.Connection) -> tuple[str, ...]:
    return connection.execute(_BOTH, [QUESTION, QUESTION, TEXT, STATEMENT]).fetchone()


def replace(connection: psycopg.Connection, table: str) -> None:
    """What dbt does in the transaction of a table, or of a full refresh."""
    connection.execute(f"create table privacy.{table}__dbt_tmp as select * from privacy.{table}")
    connection.execute(f"alter table privacy.{table} rename to {table}__dbt_backup")
    connection.execute(f"alter table privacy.{table}__dbt_tmp rename to {table}")
    connection.execute(f"drop table privacy.{table}__dbt_backup")


@pytest.mark.parametrize("table", ["tagged_columns", "patterns", "surrogate_index"])
def test_a_caller_waits_for_a_table_that_is_replaced(
    dbt_session: psycopg.Connection, caller: psycopg.Connection, table: str
) -> None:
    expected = pseudonymized(caller)
    assert [word for word in ("1961", "Nobody", NAME, "jane") if word in "".join(expected)] == []
    replace(dbt_session, table)

    with ThreadPoolExecutor(max_workers=1) as threads:
        waiting = threads.submit(pseudonymized, caller)
        while not dbt_session.execute(
            "select 1 from pg_stat_activity where pid = %s and wait_event_type = 'Lock'", [caller.info.backend_pid]
        ).fetchone():
            dbt_session.execute("select pg_stat_clear_snapshot()")
        dbt_session.commit()

    assert waiting.result() == expected


def test_a_transaction_that_cannot_see_the_new_table_fails(
    dbt_session: psycopg.Connection, caller: psycopg.Connection
) -> None:
    caller.execute("begin isolation level repeatable read")
    caller.execute("select 1 from shop.customers limit 1")
    replace(dbt_session, "tagged_columns")
    dbt_session.commit()

    with pytest.raises(psycopg.errors.SerializationFailure, match="run it again"):
        pseudonymized(caller)


def test_days_are_moved_whatever_the_callers_datestyle(caller: psycopg.Connection) -> None:
    expected = pseudonymized(caller)
    caller.execute("set datestyle = 'German'")

    assert pseudonymized(caller) == expected
