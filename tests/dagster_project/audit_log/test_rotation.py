"""A log may be renamed, compressed, copied or written anew: each line is loaded once all the same."""

import gzip
import os
import shutil
from datetime import date
from pathlib import Path

import psycopg
import pytest
import zstandard

from dagster_project.audit_log.errors import AuditLogError
from dagster_project.audit_log.ingest import IngestResult, ingest
from tests.dagster_project.audit_log.lines import csv_line, json_line

DAY = date(2026, 3, 1)
NOON = 1772366400  # of that day


def numbered(first: int, last: int, make=json_line, **fields: object) -> bytes:
    """Lines of one session, each with its number, as the server numbers them."""
    return b"".join(
        make(f"statement: select {number}", session_id="69a4.1f", line_num=number, **fields)
        for number in range(first, last + 1)
    )


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content)


def zstandard_frames(content: bytes) -> bytes:
    """Two frames, as parallel compressors write them."""
    middle = content.index(b"\n") + 1
    return b"".join(zstandard.ZstdCompressor().compress(part) for part in (content[:middle], content[middle:]))


def load(owner: psycopg.Connection, log: Path) -> IngestResult:
    return ingest(owner, (f"{log.parent}/*",), DAY)


def numbers(owner: psycopg.Connection) -> list[int]:
    rows = owner.execute("select (line ->> 'line_num')::integer from raw_audit.log_lines order by 1")
    return [number for (number,) in rows]


def is_balanced(owner: psycopg.Connection) -> bool:
    """Lines read = loaded + quarantined + duplicates, over all files."""
    read, duplicates, loaded, quarantined = owner.execute(
        "select sum(lines_read), sum(duplicate_lines), (select count(*) from raw_audit.log_lines),"
        " (select count(*) from raw_audit.quarantined_lines) from raw_audit.log_files"
    ).fetchone()
    return read == loaded + quarantined + duplicates


@pytest.mark.parametrize("compress", [gzipped, zstandard_frames])
@pytest.mark.parametrize("make", [json_line, csv_line])
def test_a_compressed_log_is_read_as_the_plain_one(owner, log, compress, make) -> None:
    log.with_suffix(".1").write_bytes(compress(numbered(1, 3, make)))

    assert load(owner, log) == IngestResult(files=1, loaded=3, quarantined=0)
    assert load(owner, log) == IngestResult(files=1, loaded=0, quarantined=0)
    assert numbers(owner) == [1, 2, 3]


@pytest.mark.parametrize("compress", [gzipped, zstandard_frames])
def test_a_log_that_is_compressed_after_it_was_read_goes_on_where_it_was(owner, log, compress) -> None:
    log.write_bytes(numbered(1, 2))
    load(owner, log)
    whole = log.read_bytes() + numbered(3, 4)
    log.unlink()
    log.with_name("postgresql.json.gz").write_bytes(compress(whole))

    assert load(owner, log) == IngestResult(files=1, loaded=2, quarantined=0)
    assert numbers(owner) == [1, 2, 3, 4]


def test_logs_that_move_up_one_name_each_are_known_by_their_first_lines(owner, log) -> None:
    older, newer = log, log.with_name("postgresql.json.1")
    older.write_bytes(numbered(1, 4))
    load(owner, log)
    older.rename(newer)
    log.write_bytes(numbered(5, 6))
    load(owner, log)
    newer.rename(log.with_name("postgresql.json.2"))
    log.rename(log.with_name("postgresql.json.1"))
    log.write_bytes(numbered(7, 7))

    assert load(owner, log) == IngestResult(files=3, loaded=1, quarantined=0)
    assert numbers(owner) == [1, 2, 3, 4, 5, 6, 7]


def test_a_log_that_is_copied_and_emptied_loses_and_repeats_nothing(owner, log) -> None:
    log.write_bytes(numbered(1, 3))
    load(owner, log)
    shutil.copy(log, log.with_name("postgresql.json.1"))
    log.write_bytes(numbered(4, 9))  # longer than what was read of the one before

    assert load(owner, log) == IngestResult(files=2, loaded=6, quarantined=0)
    assert numbers(owner) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_a_part_of_a_log_that_comes_again_is_counted_and_not_loaded(owner, log) -> None:
    log.write_bytes(numbered(1, 5))
    load(owner, log)
    log.with_name("excerpt.json").write_bytes(numbered(4, 7))

    assert load(owner, log) == IngestResult(files=2, loaded=2, quarantined=0, duplicates=2)
    assert numbers(owner) == [1, 2, 3, 4, 5, 6, 7]
    assert is_balanced(owner)


def test_lines_of_two_servers_with_one_session_id_are_two_lines(owner, log) -> None:
    log.write_bytes(numbered(1, 1) + numbered(1, 1, at="2026-03-01 10:00:00.001 UTC"))

    assert load(owner, log).loaded == 2


def test_the_cut_off_end_of_a_compressed_log_is_quarantined(owner, log) -> None:
    log.write_bytes(gzipped(numbered(1, 2) + b'{"timestamp": "2026'))

    assert load(owner, log) == IngestResult(files=1, loaded=2, quarantined=1)
    assert is_balanced(owner)


@pytest.mark.parametrize("compress", [gzipped, zstandard_frames])
def test_a_broken_archive_is_a_sentence_and_what_was_read_stays(owner, log, compress) -> None:
    log.write_bytes(numbered(1, 2))
    broken = log.with_name("aaa.broken")
    broken.write_bytes(compress(numbered(3, 90))[:-40])
    os.utime(broken, (NOON, NOON))

    with pytest.raises(AuditLogError, match=r"aaa\.broken is a broken archive: restore or remove it"):
        load(owner, log)
    assert numbers(owner)[:2] == [1, 2]  # the older file is broken, the newer one is read all the same


@pytest.mark.parametrize("compress", [gzipped, zstandard_frames])
def test_an_archive_that_is_being_written_waits(owner, log, compress) -> None:
    log.write_bytes(compress(numbered(1, 90))[:-40])
    assert load(owner, log).loaded == 0

    log.write_bytes(compress(numbered(1, 90)))
    assert load(owner, log).loaded == 90


def test_an_empty_archive_waits(owner, log) -> None:
    log.write_bytes(gzipped(b""))

    assert load(owner, log) == IngestResult(files=1, loaded=0, quarantined=0)


def test_a_file_that_may_not_be_read_is_a_sentence(owner, log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.write_bytes(numbered(1, 1))

    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(path)

    with monkeypatch.context() as refusing:
        refusing.setattr(Path, "open", refuse)  # root may read every file
        with pytest.raises(AuditLogError, match="log_file_mode = 0640"):
            load(owner, log)
