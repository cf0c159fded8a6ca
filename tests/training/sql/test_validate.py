"""A statement's verdict where it depends on the server's limits; the other reasons: tests/dagster_project/corpus."""

from training.sql.catalog import Catalog
from training.sql.sandbox import Executor
from training.sql.validate import validate_statement


def test_a_statement_that_takes_too_long_is_rejected_as_timeout(
    admin_dsn: str, executor: Executor, catalog: Catalog
) -> None:
    endless = "select count(*) from orders, orders as o2, orders as o3, orders as o4, orders as o5"
    assert executor.run("select count(*) from orders").rows == [(200,)]

    with Executor(admin_dsn, "small_shop", statement_timeout_ms=100) as impatient:
        verdict = validate_statement(endless, catalog, impatient)

    assert verdict.reason == "timeout"
    assert verdict.canonical_sql is not None
    assert verdict.row_count is None
