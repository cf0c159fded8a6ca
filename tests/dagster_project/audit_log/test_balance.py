"""A line that is gone behind the ingest's back is missed: the check fails and names the file and how many are gone."""

from datetime import date
from pathlib import Path

import psycopg
import pytest

from dagster_project.audit_log.ingest import ingest
from dagster_project.defs.audit.checks import no_line_is_lost
from dagster_project.resources.warehouse import WarehouseResource
from dagster_project.warehouse.settings import Warehouse
from tests.dagster_project.audit_log.lines import json_line


@pytest.fixture
def resource(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> WarehouseResource:
    for name, value in warehouse.environment().items():
        monkeypatch.setenv(name, value)
    return WarehouseResource()


@pytest.mark.parametrize(
    "loss",
    [
        "delete from raw_audit.log_lines where log_file = 'lossy.json' and line ->> 'message' = 'line 2'",
        "delete from raw_audit.quarantined_lines where log_file = 'lossy.json'",
    ],
)
def test_a_planted_loss_fails_the_check_and_is_named(
    owner: psycopg.Connection, resource: WarehouseResource, tmp_path: Path, loss: str
) -> None:
    for session, name in enumerate(("whole.json", "lossy.json"), start=1):
        lines = [json_line(f"line {number}", session_id=f"b.{session}", line_num=number) for number in (1, 2, 3)]
        (tmp_path / name).write_bytes(b"".join([*lines, b"no line at all\n"]))
    ingest(owner, (f"{tmp_path}/*",), date(2026, 3, 1))
    assert no_line_is_lost(resource).passed

    owner.execute(loss)

    result = no_line_is_lost(resource)
    assert not result.passed
    assert result.description == "lossy.json: 4 lines must be there, 3 are."
    assert result.metadata["files_out_of_balance"].value == 1
