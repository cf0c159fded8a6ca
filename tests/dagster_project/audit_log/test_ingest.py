"""New lines reach `raw_audit` exactly once, whatever happens to the file or to the reader."""

import os
from datetime import date
from pathlib import Path

import psycopg
import pytest

from dagster_project.audit_log import ingest as ingest_module
from dagster_project.audit_log.errors import AuditLogError
from dagster_project.audit_log.ingest import IngestResult, find_log_files, ingest
from dagster_project.warehouse.settings import Warehouse
from tests.dagster_project.audit_log.lines import csv_line, json_line
from tests.people import logged_lines, person_dsn

DAY = date(2026, 3, 1)


def load(owner: psycopg.Connection, *paths: Path, up_to: date = DAY) -> IngestResult:
    return ingest(owner, tuple(map(str, paths)), up_to)


def messages(owner: psycopg.Connection) -> list[str]:
    rows = owner.execute("select line ->> 'message' from raw_audit.log_lines order by log_file, byte_offset")
    return [message for (message,) in rows]


def append(log: Path, content: bytes) -> None:
    with log.open("ab") as file:
        file.write(content)


def test_every_line_is_loaded_with_its_file_offset_and_day(owner: psycopg.Connection, log: Path) -> None:
    log.write_bytes(json_line("one") + json_line("two"))

    assert load(owner, log) == IngestResult(files=1, loaded=2, quarantined=0)

    rows = owner.execute("select log_file, byte_offset, line_date, line ->> 'message' from raw_audit.log_lines")
    assert sorted(rows.fetchall()) == [
        ("postgresql.json", 0, DAY, "one"),
        ("postgresql.json", len(json_line("one")), DAY, "two"),
    ]


def test_reading_again_loads_nothing_twice(owner: psycopg.Connection, log: Path) -> None:
    log.write_bytes(json_line("one"))
    load(owner, log)

    assert load(owner, log) == IngestResult(files=1, loaded=0, quarantined=0)
    assert messages(owner) == ["one"]


def test_only_the_appended_lines_are_new(owner: psycopg.Connection, log: Path) -> None:
    log.write_bytes(json_line("one"))
    load(owner, log)
    append(log, json_line("two"))

    assert load(owner, log).loaded == 1
    assert messages(owner) == ["one", "two"]


def test_a_line_the_server_is_still_writing_is_loaded_once_it_is_whole(owner: psycopg.Connection, log: Path) -> None:
    line = json_line("two")
    log.write_bytes(json_line("one") + line[:20])
    assert load(owner, log) == IngestResult(files=1, loaded=1, quarantined=0)

    append(log, line[20:])

    assert load(owner, log) == IngestResult(files=1, loaded=1, quarantined=0)
    assert messages(owner) == ["one", "two"]


def test_a_file_without_a_whole_line_waits(owner: psycopg.Connection, log: Path) -> None:
    log.write_bytes(b"")

    assert load(owner, log) == IngestResult(files=1, loaded=0, quarantined=0)


def test_a_broken_line_goes_to_quarantine_and_its_neighbours_are_loaded(owner: psycopg.Connection, log: Path) -> None:
    first = json_line("one")
    log.write_bytes(first + b"{broken\n" + json_line("two"))

    assert load(owner, log) == IngestResult(files=1, loaded=2, quarantined=1)

    quarantine = owner.execute("select log_file, byte_offset, reason, line_bytes from raw_audit.quarantined_lines")
    assert quarantine.fetchall() == [("postgresql.json", len(first), "not_json", len(b"{broken\n"))]
    assert owner.execute("select bytes_read, lines_read from raw_audit.log_files").fetchone() == (
        log.stat().st_size,
        3,
    )


def test_blank_lines_are_no_records(owner: psycopg.Connection, log: Path) -> None:
    log.write_bytes(json_line("one") + b"\n\n" + json_line("two") + b"\n")

    assert load(owner, log) == IngestResult(files=1, loaded=2, quarantined=0)
    assert owner.execute("select bytes_read from raw_audit.log_files").fetchone() == (log.stat().st_size,)


def test_a_batch_that_ends_in_a_blank_line_is_not_the_end(
    owner: psycopg.Connection, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_module, "_BATCH_RECORDS", 2)
    log.write_bytes(json_line("one") + b"\n" + json_line("two") + json_line("three"))

    assert load(owner, log).loaded == 3


def test_lines_of_a_later_day_wait_for_their_own_partition(owner: psycopg.Connection, log: Path) -> None:
    log.write_bytes(
        json_line("before midnight", at="2026-03-01 23:59:59.999 UTC")
        + json_line("after midnight", at="2026-03-02 00:00:00.000 UTC")
        + b"{broken, after midnight\n"
    )

    assert load(owner, log) == IngestResult(files=1, loaded=1, quarantined=0)
    assert load(owner, log) == IngestResult(files=1, loaded=0, quarantined=0)
    assert load(owner, log, up_to=date(2026, 3, 2)) == IngestResult(files=1, loaded=1, quarantined=1)
    assert messages(owner) == ["before midnight", "after midnight"]


def test_the_day_is_that_of_utc_whatever_zone_the_server_logs_in(owner: psycopg.Connection, log: Path) -> None:
    log.write_bytes(json_line("late evening in New York", at="2026-02-28 21:00:00.000 EST"))

    load(owner, log)

    assert owner.execute("select line_date from raw_audit.log_lines").fetchone() == (DAY,)


def test_a_time_zone_that_the_warehouse_does_not_know_quarantines_the_line(
    owner: psycopg.Connection, log: Path
) -> None:
    log.write_bytes(json_line("on the moon", at="2026-03-01 10:00:00.000 LUNA") + json_line("on earth"))

    assert load(owner, log) == IngestResult(files=1, loaded=1, quarantined=1)
    assert owner.execute("select reason from raw_audit.quarantined_lines").fetchone() == ("unknown_time_zone",)


def test_a_zone_without_a_name_is_read(owner: psycopg.Connection, log: Path) -> None:
    log.write_bytes(json_line("early morning in Sao Paulo", at="2026-03-01 01:00:00.000 -03"))

    load(owner, log)

    assert owner.execute("select line_date from raw_audit.log_lines").fetchone() == (DAY,)


def test_a_file_that_shrank_is_a_new_one(owner: psycopg.Connection, log: Path) -> None:
    log.write_bytes(json_line("one") + json_line("two"))
    load(owner, log)
    log.write_bytes(json_line("new"))
    assert load(owner, log).loaded == 1
    append(log, json_line("newer"))
    assert load(owner, log).loaded == 1

    rows = owner.execute("select log_file, line ->> 'message' from raw_audit.log_lines order by log_file, byte_offset")
    assert rows.fetchall() == [
        ("postgresql.json", "one"),
        ("postgresql.json", "two"),
        ("postgresql.json#2", "new"),
        ("postgresql.json#2", "newer"),
    ]


def test_a_csvlog_loads_beside_a_jsonlog(owner: psycopg.Connection, log: Path) -> None:
    csv_log = log.with_suffix(".csv")
    csv_log.write_bytes(csv_line("statement: select 1,\n2") + csv_line("three"))
    log.write_bytes(json_line("four"))

    assert load(owner, log.parent / "postgresql.*") == IngestResult(files=2, loaded=3, quarantined=0)
    assert messages(owner) == ["statement: select 1,\n2", "three", "four"]


def test_the_oldest_file_comes_first(tmp_path: Path) -> None:
    for name, age in (("a.json", 10), ("b.json", 30), ("c.json", 20)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))

    assert [path.name for path in find_log_files((str(tmp_path / "*.json"),))] == ["b.json", "c.json", "a.json"]


def test_a_kill_in_the_middle_stores_nothing_of_the_batch(
    owner: psycopg.Connection, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write_bytes(b"".join(json_line(f"line {number}") for number in range(5)))
    monkeypatch.setattr(ingest_module, "_BATCH_RECORDS", 2)
    real_parse, seen = ingest_module.parse_record, []

    def parse_and_die(content: bytes, log_format: str) -> dict:
        seen.append(content)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return real_parse(content, log_format)

    with monkeypatch.context() as dying:
        dying.setattr(ingest_module, "parse_record", parse_and_die)
        with pytest.raises(KeyboardInterrupt):
            load(owner, log)
    assert messages(owner) == ["line 0", "line 1"]  # the batch that was committed, and nothing of the next
    assert owner.execute("select lines_read from raw_audit.log_files").fetchone() == (2,)

    assert load(owner, log).loaded == 3
    assert messages(owner) == [f"line {number}" for number in range(5)]


def test_an_unknown_format_is_a_sentence_and_loses_nothing(owner: psycopg.Connection, log: Path) -> None:
    log.write_text("LOG:  statement: select 1\n")

    with pytest.raises(AuditLogError, match=r"postgresql\.json is neither a PostgreSQL jsonlog nor a csvlog: set "):
        load(owner, log)
    assert owner.execute("select count(*) from raw_audit.log_files").fetchone() == (0,)


@pytest.mark.parametrize("patterns", [(), ("missing/*.json",)])
def test_no_file_is_a_sentence_that_names_the_variable(owner: psycopg.Connection, patterns: tuple[str, ...]) -> None:
    with pytest.raises(AuditLogError, match="point .*at the server's jsonlog or csvlog files"):
        ingest(owner, patterns, DAY)


def test_the_log_that_the_server_itself_wrote(owner: psycopg.Connection, warehouse: Warehouse, admin_dsn: str) -> None:
    with (
        person_dsn(admin_dsn) as dsn,
        psycopg.connect(dsn, autocommit=True, application_name="its app") as app,
    ):
        app.execute("select %s::text as found\n-- question: Who is it?", ["Zora Quillfeather"], prepare=True)
        with pytest.raises(psycopg.errors.UndefinedTable):
            app.execute("select 1 from no_such_table")
        app.execute("select 'the end of its work'")
        database = app.info.dbname
    logged_lines(warehouse, database, last="the end of its work")

    result = ingest(owner, warehouse.audit_logs, date(9999, 1, 1))

    assert result.loaded > 0
    assert result.quarantined == 0
    rows = owner.execute(
        "select line ->> 'message', line ->> 'detail', line ->> 'error_severity' from raw_audit.log_lines"
        " where line ->> 'application_name' = 'its app' and line ->> 'dbname' = current_database()"
        " order by byte_offset"
    ).fetchall()
    bound = [detail for message, detail, _ in rows if message.endswith("$1::text as found\n-- question: Who is it?")]
    assert len(bound) == 1
    assert "$1 = 'Zora Quillfeather'" in bound[0]
    assert "ERROR" in {severity for _, _, severity in rows}
