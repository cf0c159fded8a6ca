"""The ingest is killed at any moment, while the log grows, rotates, is compressed, copied and cut: it ends the same.

Each ingest is a process of its own that is killed by the system (kill -9); small batches make for many commits to hit.
"""

import gzip
import os
import random
import shutil
import signal
import time
from datetime import date
from pathlib import Path

import psycopg
import pytest
import zstandard

from dagster_project.audit_log import csvlog, records
from dagster_project.audit_log import ingest as ingest_module
from dagster_project.audit_log.balance import unbalanced_files
from dagster_project.audit_log.ingest import ingest
from tests.dagster_project.audit_log.lines import csv_line, json_line

DAY = date(2026, 3, 1)
LINES, KILLS = 4_000, 40
AT = "2026-03-01 10:{:02}:{:02}.000 UTC"


def lines(count: int, make=json_line) -> list[bytes]:
    """What two sessions wrote in turn; one line in twenty is broken, and some statements have several lines."""
    found = []
    for number in range(count):
        at = AT.format(number // 100 % 60, number % 60)
        session = {"session_id": f"69a4.{number % 2 + 1}", "line_num": number // 2 + 1}
        line = make(f"statement: select\n{number}, 'it''s \"{number}\"'", at=at, **session)
        found.append(line if number % 20 else line[: len(line) // 2].replace(b"\n", b" ") + b" broken\n")
    return found


def contents(owner: psycopg.Connection) -> list[tuple]:
    """What is in the table, whatever file brought it."""
    rows = owner.execute("select line_date, line from raw_audit.log_lines").fetchall()
    return sorted((str(day), sorted(map(str, line.items()))) for day, line in rows)


def ingest_once(owner: psycopg.Connection, *files: Path) -> list[tuple]:
    """What one undisturbed ingest makes of the files; the tables are empty before and after."""
    empty = "truncate raw_audit.log_lines, raw_audit.quarantined_lines, raw_audit.log_files"
    owner.execute(empty)
    ingest(owner, tuple(map(str, files)), DAY)
    found = contents(owner)
    owner.execute(empty)
    return found


def ingest_and_kill(dsn: str, folder: Path, after_s: float) -> bool:
    """Starts an ingest in a process of its own and kills it after a while; tells whether it was still at work."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ingest_module._BATCH_RECORDS = 50
            with psycopg.connect(dsn, autocommit=True) as connection:
                ingest(connection, (f"{folder}/*",), DAY)
            status = 0
        finally:
            os._exit(status)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0, "the ingest failed by itself"
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("make", [json_line, csv_line])
def test_killed_at_any_moment_while_the_log_grows_and_rotates(owner, warehouse, tmp_path, make) -> None:
    chance = random.Random(7)
    written = lines(LINES, make)
    whole = tmp_path / "whole"
    whole.write_bytes(b"".join(written))
    expected = ingest_once(owner, whole)
    assert len(expected) == LINES * 19 // 20

    folder = tmp_path / "log"
    folder.mkdir()
    log, older = folder / "postgresql.log", folder / "postgresql.log.1"
    killed = 0
    for kill in range(KILLS):
        with log.open("ab") as file:  # the server writes on, and may be in the middle of a line
            part = b"".join(written[kill * LINES // KILLS : (kill + 1) * LINES // KILLS])
            middle = chance.randrange(len(part))
            file.write(part[:middle])
            file.flush()
            killed += ingest_and_kill(warehouse.dsn, folder, after_s=chance.uniform(0.01, 0.15))
            file.write(part[middle:])
        match kill % 8:
            case 1:
                log.rename(older)
            case 3:  # the older one is compressed
                compress = gzip.compress if chance.random() < 0.5 else zstandard.ZstdCompressor().compress
                older.with_suffix(f".{kill}").write_bytes(compress(older.read_bytes()))
                older.unlink()
            case 5:  # copied and emptied
                shutil.copy(log, older)
                log.write_bytes(b"")
            case 7:  # copied to be kept, and the copy comes twice
                shutil.copy(log, folder / f"copy.{kill}")
                older.rename(folder / f"older.{kill}")

    assert killed > 0
    for _ in range(2):
        ingest(owner, (f"{folder}/*",), DAY)
        assert contents(owner) == expected
        assert unbalanced_files(owner) == []


def test_lines_in_any_order_in_files_of_any_order_are_the_same_set(owner, tmp_path) -> None:
    chance = random.Random(7)
    written = lines(600)
    (tmp_path / "whole").write_bytes(b"".join(written))
    expected = ingest_once(owner, tmp_path / "whole")

    chance.shuffle(written)
    for number in range(6):
        (tmp_path / f"part.{number}").write_bytes(b"".join(written[number * 100 : number * 100 + 150]))  # they overlap
    for number in chance.sample(range(6), 6):
        ingest(owner, (str(tmp_path / f"part.{number}"),), DAY)

    assert contents(owner) == expected
    assert unbalanced_files(owner) == []


def test_a_log_that_is_cut_short_and_written_on_loses_nothing(owner, tmp_path) -> None:
    written, log = lines(100), tmp_path / "postgresql.log"
    log.write_bytes(b"".join(written[:60]))
    ingest(owner, (str(log),), DAY)
    for end in (70, 100):  # first shorter than what was read of it, then longer
        log.write_bytes(b"".join(written[:20] + written[60:end]))
        ingest(owner, (str(log),), DAY)
        ingest(owner, (str(log),), DAY)

    found = contents(owner)
    assert unbalanced_files(owner) == []
    (tmp_path / "whole").write_bytes(b"".join(written))
    assert found == ingest_once(owner, tmp_path / "whole")


def test_a_copy_of_the_beginning_does_not_end_the_log(owner, tmp_path) -> None:
    written, log = lines(40), tmp_path / "postgresql.log"
    (tmp_path / "copy.gz").write_bytes(gzip.compress(b"".join(written[:10]) + written[11][:20]))
    log.write_bytes(b"".join(written[:10]))
    ingest(owner, (f"{tmp_path}/*",), DAY)
    log.write_bytes(b"".join(written))
    ingest(owner, (f"{tmp_path}/*",), DAY)
    found = contents(owner)

    assert found == ingest_once(owner, log)


def test_a_log_that_is_emptied_while_it_is_read_is_not_mixed_up(owner, tmp_path, monkeypatch) -> None:
    written, log = lines(3_000), tmp_path / "postgresql.log"
    log.write_bytes(b"".join(written[:1_500]))
    monkeypatch.setattr(ingest_module, "_BATCH_RECORDS", 200)
    real_load, batches = ingest_module._load_batch, []

    def load_and_rotate(*arguments):
        batches.append(arguments)
        if len(batches) == 3:
            shutil.copy(log, log.with_suffix(".1"))
            with log.open("r+b") as file:
                file.truncate()
                file.write(b"".join(written[1_500:]))
        return real_load(*arguments)

    with monkeypatch.context() as rotating:
        rotating.setattr(ingest_module, "_load_batch", load_and_rotate)
        ingest(owner, (str(log),), DAY)
    ingest(owner, (f"{tmp_path}/*",), DAY)
    found = contents(owner)

    (tmp_path / "whole").write_bytes(b"".join(written))
    assert found == ingest_once(owner, tmp_path / "whole")


def test_a_log_that_is_renamed_while_it_is_read_is_read_to_its_end(owner, tmp_path, monkeypatch) -> None:
    written, log = lines(600), tmp_path / "postgresql.log"
    log.write_bytes(b"".join(written))
    monkeypatch.setattr(ingest_module, "_BATCH_RECORDS", 100)
    real_load = ingest_module._load_batch

    def load_and_rename(*arguments):
        if log.exists():
            log.rename(log.with_suffix(".1"))
        return real_load(*arguments)

    with monkeypatch.context() as rotating:
        rotating.setattr(ingest_module, "_load_batch", load_and_rename)
        assert ingest(owner, (str(log),), DAY).loaded == 570


def test_a_log_that_is_gone_before_it_is_opened_waits_under_its_new_name(owner, tmp_path, monkeypatch) -> None:
    log = tmp_path / "postgresql.log"
    log.write_bytes(b"".join(lines(20)))
    real_find = ingest_module.find_logs

    def find_and_rename(*arguments):
        found = real_find(*arguments)
        log.rename(log.with_suffix(".1"))
        return found

    with monkeypatch.context() as rotating:
        rotating.setattr(ingest_module, "find_logs", find_and_rename)
        assert ingest(owner, (str(log),), DAY).loaded == 0
    assert ingest(owner, (f"{tmp_path}/*",), DAY).loaded == 19


@pytest.mark.parametrize("make", [json_line, csv_line])
def test_a_line_that_is_too_long_is_quarantined_once(owner, tmp_path, monkeypatch, make) -> None:
    for module in (records, csvlog):
        monkeypatch.setattr(module, "MAX_RECORD_BYTES", 2_000)
    log = tmp_path / "postgresql.log"
    log.write_bytes(make("one") + make("select\n" + "x" * 5_000))

    first, second = ingest(owner, (str(log),), DAY), ingest(owner, (str(log),), DAY)

    assert (first.loaded, first.quarantined, second.loaded, second.quarantined) == (1, 1, 0, 0)
    assert owner.execute("select reason from raw_audit.quarantined_lines").fetchall() == [("too_long",)]
    assert owner.execute("select count(*) from raw_audit.log_files").fetchone() == (1,)


def test_a_line_of_the_far_future_does_not_hold_up_those_behind_it(owner, tmp_path) -> None:
    log = tmp_path / "postgresql.log"
    log.write_bytes(json_line("one") + json_line("broken clock", at="9026-03-01 10:00:00.000 UTC") + json_line("two"))

    result = ingest(owner, (str(log),), DAY)

    assert (result.loaded, result.quarantined) == (2, 1)
    assert owner.execute("select reason from raw_audit.quarantined_lines").fetchone() == ("in_the_future",)


def test_lines_that_come_late_are_of_a_later_batch_however_old_they_are(owner, tmp_path) -> None:
    newer, older = tmp_path / "newer", tmp_path / "older"
    newer.write_bytes(json_line("newer"))
    older.write_bytes(json_line("older", at="2024-02-01 10:00:00.000 UTC"))
    ingest(owner, (str(newer),), DAY)
    ingest(owner, (str(older),), DAY)

    rows = owner.execute("select line ->> 'message' from raw_audit.log_lines order by ingested_at").fetchall()
    assert rows == [("newer",), ("older",)]


def test_a_clock_that_is_set_back_does_not_hide_a_batch_from_dbt(owner, tmp_path) -> None:
    log = tmp_path / "postgresql.log"
    log.write_bytes(json_line("one"))
    ingest(owner, (str(log),), DAY)
    owner.execute("update raw_audit.log_lines set ingested_at = now() + interval '1 hour'")
    log.write_bytes(json_line("one") + json_line("two"))
    ingest(owner, (str(log),), DAY)

    rows = owner.execute("select line ->> 'message' from raw_audit.log_lines order by ingested_at").fetchall()
    assert rows == [("one",), ("two",)]


def test_reading_ahead_is_not_disturbed_by_what_is_loaded_meanwhile(owner, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(ingest_module, "_BATCH_RECORDS", 5)  # 600 moments at which both are at the file
    log = tmp_path / "postgresql.log"
    log.write_bytes(b"".join(lines(3_000)))

    result = ingest(owner, (str(log),), DAY)

    assert (result.loaded, result.quarantined, result.duplicates) == (2_850, 150, 0)
