"""Set-up on a real server: it works for each role, changes nothing the second time, and grants no more than it says."""

import psycopg
import pytest

from dagster_project.warehouse.settings import Warehouse


def test_each_role_logs_in_as_itself(warehouse: Warehouse) -> None:
    for dsn, role in [
        (warehouse.dsn, "auditune_owner"),
        (warehouse.sandbox_dsn, "auditune_sandbox"),
        (warehouse.reader_dsn, "auditune_reader"),
        (warehouse.api_dsn, "auditune_api"),
        (warehouse.monitor_dsn, "auditune_monitor"),
    ]:
        with psycopg.connect(dsn) as conn:
            assert conn.execute("select current_user").fetchone() == (role,)


def test_api_adds_a_request_but_cannot_read_the_raw_log(warehouse: Warehouse) -> None:
    with psycopg.connect(warehouse.api_dsn, autocommit=True) as api:
        api.execute(
            "insert into raw_serving.requests (request_id, route, question_hash, outcome, is_executed, latency_ms)"
            " values (gen_random_uuid(), '/v1/sql', 'h', 'ok', false, 1)"
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            api.execute("select * from raw_audit.log_lines")
