"""The executor's limits, on a real server."""

import psycopg
import pytest

from training.sql.sandbox import Executor, QueryRefused
from training.sql.schema_names import in_schemas, sandbox_names


def test_reads_rows_and_columns(executor: Executor) -> None:
    done = executor.run("select order_id, status from orders order by order_id limit 2;")
    assert (done.columns, done.row_count, done.is_truncated) == (("order_id", "status"), 2, False)
    assert done.rows == [(1, "open"), (2, "returned")]


def test_stops_at_the_row_cap(executor: Executor) -> None:
    done = executor.run("select 1 from orders a cross join orders b")
    assert (done.row_count, done.is_truncated, len(done.rows)) == (500, True, 500)


@pytest.mark.parametrize(
    ("sql", "error_class"),
    [
        ("select from where", "syntax"),
        ("select * from nowhere", "unknown_table"),
        ("select nothing from orders", "unknown_column"),
        ("select status + 1 from orders", "type"),
        ("select 'secret value'::integer", "type"),
        ("select pg_sleep(9)", "timeout"),
        ("select 1 / 0", "other"),
        ("delete from orders", "syntax"),
        ("select 1; delete from orders", "syntax"),
    ],
)
def test_classes_errors_and_repeats_nothing(sql: str, error_class: str, executor: Executor) -> None:
    done = executor.run(sql)
    assert done.error_class == error_class
    assert done.rows is None
    assert "secret" not in repr(done)
    assert executor.run("select count(*) from orders").rows == [(200,)]


def test_connects_again_when_the_server_closed_the_connection(executor: Executor, admin_dsn: str) -> None:
    executor.run("select 1")
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'auditune' and datname = current_database()"
        )
    assert executor.run("select 1").rows == [(1,)]


def test_estimates_cost_without_running(executor: Executor) -> None:
    small = executor.estimate("select 1")
    assert small.rows == 1
    assert executor.estimate("select * from orders a, orders b, orders c").cost > small.cost
    with pytest.raises(QueryRefused, match="unknown_table"):
        executor.estimate("select * from nowhere")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select * from hr.orders", 'select * from "sandbox_hr".orders'),
        ("select * from HR . Orders", 'select * from "sandbox_hr" . Orders'),
        ('select * from "Sales Dept"."Order" o', 'select * from "sandbox_Sales Dept"."Order" o'),
        ('select * from "HR".orders', 'select * from "HR".orders'),
        ("select (hr.staff).name from hr.staff", 'select ("sandbox_hr".staff).name from "sandbox_hr".staff'),
        ("select 'hr.staff' from hr.staff -- hr.staff", "select 'hr.staff' from \"sandbox_hr\".staff -- hr.staff"),
        ("with hr as (select 1 as n) select hr.n from hr", "with hr as (select 1 as n) select hr.n from hr"),
        ("select hr.n from orders as hr", "select hr.n from orders as hr"),
        ("select from where hr.orders", "select from where hr.orders"),
    ],
)
def test_a_sandbox_stands_in_where_a_statement_names_the_schema(sql: str, expected: str) -> None:
    assert in_schemas(sql, sandbox_names(("hr", "Sales Dept"))) == expected


def test_the_planner_is_asked_about_one_statement_alone(executor: Executor) -> None:
    """Several statements in one text are refused, and none of them runs."""
    with pytest.raises(QueryRefused):
        executor.estimate("select 1; create temporary table planted as select 1")
    assert executor.run("select count(*) from pg_class where relname = 'planted'").rows == [(0,)]
