"""Raw lines are deleted after a set number of days; none is lost before it was read, and none comes a second time."""

from datetime import date
from pathlib import Path

import psycopg
import pytest

from dagster_project.audit_log.ingest import IngestResult, ingest
from dagster_project.audit_log.purge import PurgeResult, purge
from dagster_project.audit_log.settings import RetentionSettings
from dagster_project.defs.audit.checks import no_line_is_lost
from dagster_project.resources.warehouse import WarehouseResource
from dagster_project.warehouse.settings import Warehouse
from tests.dagster_project.audit_log.lines import json_line

TODAY = date(2026, 4, 1)
OLD, LAST_KEPT = "2026-03-01 10:00:00.000 UTC", "2026-03-02 00:00:00.000 UTC"


@pytest.fixture
def reader(owner: psycopg.Connection) -> psycopg.Connection:
    """The owner, and dbt's table of what it has read, empty."""
    owner.execute("create table if not exists intermediate.int_statement_executions (ingested_at timestamptz)")
    owner.execute("truncate intermediate.int_statement_executions, raw_audit.purged_sessions")
    return owner


def load(owner: psycopg.Connection, path: Path) -> IngestResult:
    return ingest(owner, (str(path),), TODAY)


def dbt_has_read_everything(owner: psycopg.Connection) -> None:
    owner.execute("insert into intermediate.int_statement_executions select max(ingested_at) from raw_audit.log_lines")


def old_line(number: int, at: str = OLD) -> bytes:
    return json_line(f"line {number}", at=at, session_id="65e1.1", line_num=number)


def messages(owner: psycopg.Connection) -> list[str]:
    rows = owner.execute("select line ->> 'message' from raw_audit.log_lines order by line ->> 'timestamp', 1")
    return [message for (message,) in rows]


def assert_no_line_is_lost(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in warehouse.environment().items():
        monkeypatch.setenv(name, value)
    assert no_line_is_lost(WarehouseResource()).passed


def test_only_lines_older_than_the_days_go_and_their_number_stays(
    reader: psycopg.Connection, log: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write_bytes(b"".join([old_line(1), old_line(2), b"no line at all\n", old_line(3, at=LAST_KEPT)]))
    assert load(reader, log) == IngestResult(files=1, loaded=3, quarantined=1)
    reader.execute("update raw_audit.quarantined_lines set quarantined_at = %s", [OLD])
    dbt_has_read_everything(reader)

    assert purge(reader, TODAY, days=30) == PurgeResult(
        lines=2, quarantined=1, sessions=1, files=1, counters=0, remote_logs=0
    )

    assert messages(reader) == ["line 3"]
    assert reader.execute("select lines_read, purged_lines from raw_audit.log_files").fetchone() == (4, 3)
    assert_no_line_is_lost(warehouse, monkeypatch)
    assert purge(reader, TODAY, days=30) == PurgeResult(0, 0, 0, 0, 0, 0)


def test_a_line_that_dbt_has_not_read_is_kept(reader: psycopg.Connection, log: Path) -> None:
    log.write_bytes(old_line(1))
    load(reader, log)
    assert purge(reader, TODAY, days=30).lines == 0

    dbt_has_read_everything(reader)

    assert purge(reader, TODAY, days=30).lines == 1


def test_a_purged_line_is_loaded_no_second_time(
    reader: psycopg.Connection, log: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write_bytes(old_line(3) + old_line(4))
    load(reader, log)
    dbt_has_read_everything(reader)
    purge(reader, TODAY, days=30)
    renamed, part = log.with_name("renamed.json"), log.with_name("part.json")
    renamed.write_bytes(log.read_bytes() + old_line(5, at=LAST_KEPT))
    # a part of it in another file, between lines that had not been there
    part.write_bytes(old_line(1) + old_line(2) + old_line(4))

    assert load(reader, log) == IngestResult(files=1, loaded=0, quarantined=0)
    assert load(reader, renamed) == IngestResult(files=1, loaded=1, quarantined=0)
    assert load(reader, part) == IngestResult(files=1, loaded=2, quarantined=0, duplicates=1)
    assert messages(reader) == ["line 1", "line 2", "line 5"]
    assert_no_line_is_lost(warehouse, monkeypatch)


def test_thirty_days_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RetentionSettings().raw_days == 30
    monkeypatch.setenv("AUDITUNE_RAW_DAYS", "7")
    assert RetentionSettings().raw_days == 7
    monkeypatch.setenv("AUDITUNE_RAW_DAYS", "0")
    with pytest.raises(ValueError, match="raw_days"):
        RetentionSettings()


def test_counters_of_statements_go_with_the_days_too(reader: psycopg.Connection) -> None:
    reader.execute("truncate raw_audit.stat_statements")
    insert = "insert into raw_audit.stat_statements values (%s, 7, 1, 1, 1)"
    for moment in (OLD, LAST_KEPT):
        reader.execute(insert, [moment])

    assert purge(reader, TODAY, days=30).counters == 1
    kept = reader.execute("select captured_at = %s::timestamptz from raw_audit.stat_statements", [LAST_KEPT])
    assert kept.fetchall() == [(True,)]


def test_notes_on_the_files_of_a_service_go_with_the_days_too(reader: psycopg.Connection) -> None:
    reader.execute("truncate raw_audit.remote_logs")
    insert = "insert into raw_audit.remote_logs (address, read_at) values (%s, %s)"
    for moment in (OLD, LAST_KEPT):
        reader.execute(insert, [f"rds://shop-db/{moment}?region=eu-west-1", moment])

    assert purge(reader, TODAY, days=30).remote_logs == 1
    kept = reader.execute("select read_at = %s::timestamptz from raw_audit.remote_logs", [LAST_KEPT])
    assert kept.fetchall() == [(True,)]


def test_no_other_role_of_ours_reads_the_raw_log(warehouse: Warehouse) -> None:
    tables = "select relname from pg_class where relnamespace = 'raw_audit'::regnamespace and relkind in ('r', 'v')"
    roles = "select rolname from pg_roles where rolname ~ '^auditune_' and not rolsuper"
    readable = f"""
        select rolname, relname from ({roles}) as roles, ({tables}) as tables
        where has_schema_privilege(rolname, 'raw_audit', 'usage')
            or has_table_privilege(rolname, 'raw_audit.' || relname, 'select')
    """
    with psycopg.connect(warehouse.dsn) as connection:
        readers = {role for role, _ in connection.execute(readable).fetchall()}
        assert connection.execute(f"select count(*) from ({tables}) as tables").fetchone()[0] >= 5
    assert readers == {"auditune_owner"}
