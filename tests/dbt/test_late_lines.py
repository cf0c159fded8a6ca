"""A line that comes late, and is older than all that was loaded before, reaches the incremental models all the same."""

from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from dagster_project.audit_log.ingest import ingest
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import dbt
from tests.dagster_project.audit_log.lines import json_line


@pytest.mark.slow
def test_older_lines_are_built_into_the_executions(built_copy: Warehouse, tmp_path: Path) -> None:
    log = tmp_path / "old.json"
    older = {"at": "2024-02-01 10:00:00.000 UTC", "session_id": "65bb.1f", "application_name": "psql", "user": "ada"}
    lines = [json_line(f"statement: select count(*) from orders where 1 = {n}", line_num=n, **older) for n in (3, 1, 2)]
    log.write_bytes(b"".join(lines))
    with psycopg.connect(built_copy.admin_dsn, autocommit=True) as admin:  # a copy has none of the database's grants
        grant = sql.SQL("grant create on database {} to auditune_owner")
        admin.execute(grant.format(sql.Identifier(admin.info.dbname)))
    with psycopg.connect(built_copy.dsn, autocommit=True) as owner:
        count = "select count(*), min(executed_at)::date from intermediate.int_statement_executions"
        before, oldest = owner.execute(count).fetchone()
        ingest(owner, (str(log),), date(9999, 1, 1))
        made = dbt(built_copy, tmp_path, "run", "--select", "int_statement_executions")
        assert made.returncode == 0, made.stdout[-3000:]

        assert owner.execute(count).fetchone() == (before + 3, date(2024, 2, 1))
        assert oldest > date(2024, 2, 1)
