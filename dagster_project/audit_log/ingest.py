"""Load what is new in the server's log files into `raw_audit`. Called by the asset `raw_audit/log_lines`.

Exactly once: the lines of a file and the offset up to which it has been read are committed together, so a kill at any
moment leaves both as before, and reading again starts where the last commit ended. `progress.py` knows a file again
that was renamed, compressed, copied or cut short; and a line is known by its session and number in it, so a part of a
file that comes a second time is counted as a duplicate and not loaded.
"""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path

import psycopg

from dagster_project.audit_log.errors import AuditLogError, UnreadableRecord
from dagster_project.audit_log.files import OpenFile
from dagster_project.audit_log.formats import parse_record
from dagster_project.audit_log.progress import fingerprint, resume
from dagster_project.audit_log.records import LogFormat, Record, identify, read_records
from dagster_project.audit_log.sources import Log, find_log_files, find_logs

__all__ = ["IngestResult", "find_log_files", "ingest"]

_HERE = Path(__file__).parent
_INSERT_LINES = (_HERE / "insert_lines.sql").read_text()
_SAVE_PROGRESS = (_HERE / "save_progress.sql").read_text()
_NUMERIC_ZONE = re.compile(r"[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?")
_BATCH_RECORDS = 20_000  # about 20 MB of statements a transaction
_LOCK_NUMBER = 0x6C6F6773  # "logs": one ingest of a warehouse at a time


@dataclass(frozen=True)
class IngestResult:
    """How many files were looked at, and how many records were loaded, quarantined and had been loaded before.

    Attributes:
        notes: Sentences about files that were left out.
    """

    files: int
    loaded: int
    quarantined: int
    duplicates: int = 0
    notes: tuple[str, ...] = ()

    def plus(self, other: "IngestResult") -> "IngestResult":
        """Returns the sum of both, with this one's files and notes."""
        return replace(
            self,
            loaded=self.loaded + other.loaded,
            quarantined=self.quarantined + other.quarantined,
            duplicates=self.duplicates + other.duplicates,
        )


@dataclass(frozen=True)
class _Limits:
    """What a record's timestamp is held against: the zones that the warehouse knows, and the last day that may be."""

    zones: frozenset[str]
    last_day: str


def ingest(connection: psycopg.Connection, patterns: tuple[str, ...], up_to: date) -> IngestResult:
    """Loads every record that is new, up to the end of a day.

    Args:
        connection: of role auditune_owner, in autocommit mode.
        patterns: where the server's log is; see `sources.find_logs`.
        up_to: the last day (UTC) to load; later records wait for their own day.

    Raises:
        AuditLogError: no file, a file of an unknown format, a broken archive, or one that may not be read. What the
            other files hold has been loaded.
    """
    with _alone(connection):
        found = find_logs(connection, patterns)
        limits = _limits(connection, up_to)
        problems = list(found.problems)
        total = IngestResult(len(found.logs), 0, 0, notes=found.notes)
        for log in found.logs:
            try:
                for counts in _read(connection, log, up_to, limits):
                    total = total.plus(counts)
            except AuditLogError as error:
                problems.append(str(error))
    if total.loaded >= _BATCH_RECORDS:
        connection.execute("analyze raw_audit.log_lines")  # the models that follow are planned by it
    if problems:
        raise AuditLogError(" ".join(problems))
    return total


@contextmanager
def _alone(connection: psycopg.Connection) -> Iterator[None]:
    """Waits until no other ingest runs: two would read the same lines, and each count the other's as duplicates."""
    connection.execute("select pg_advisory_lock(%s)", [_LOCK_NUMBER])
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("select pg_advisory_unlock(%s)", [_LOCK_NUMBER])


def _limits(connection: psycopg.Connection, up_to: date) -> _Limits:
    """A line that is neither due nor of these days by the server's own clock is broken, or all behind it would wait."""
    zones = frozenset(row[0] for row in connection.execute("select abbrev from pg_timezone_abbrevs"))
    (soon,) = connection.execute("select (now() at time zone 'UTC')::date + 2").fetchone()
    return _Limits(zones, max(up_to, soon).isoformat())


def _read(connection: psycopg.Connection, log: Log, up_to: date, limits: _Limits) -> Iterator[IngestResult]:
    """Loads what is new in one file; yields the counts of each batch, once it is committed."""
    with log.open() as file:
        if file is None:
            return
        head, log_format = identify(file.name, file.first_lines)
        place = resume(connection, file, head)
        if place is None:
            return
        found = read_records(place.text, place.offset, log_format, is_whole=file.is_whole)
        records = (_parse(record, log_format, limits) for record in found)
        for batch in _read_ahead(file, records):
            for counts, is_later in _load_surely(connection, place.log_file, head, batch, up_to):
                yield counts
                if is_later:
                    return
        _note_archive(connection, file, place.log_file)


def _read_ahead(file: OpenFile, records: Iterator["_Parsed"]) -> Iterator[list["_Parsed"]]:
    """Yields batches; the next one is read while the warehouse works on this one, which is two fifths of the time.

    The file belongs to the thread that reads: both asking it at once would move it under the other's hands.
    """

    def read() -> list[_Parsed]:
        batch = list(islice(records, _BATCH_RECORDS))
        # emptied while it was read: its copy, or what is in it now, comes next
        return batch if file.is_unchanged() else []

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as reader:
        following = reader.submit(read)
        while batch := following.result():
            following = reader.submit(read)
            yield batch


def _note_archive(connection: psycopg.Connection, file: OpenFile, log_file: str) -> None:
    if file.archive:
        connection.execute(
            "update raw_audit.log_files set archives = array_append(archives, %s) where log_file = %s",
            [file.archive, log_file],
        )


@dataclass(frozen=True)
class _Parsed:
    """A record with its fields as JSON, or with the reason why it has none; a blank line has neither."""

    record: Record
    line: str | None = None
    reason: str | None = None


def _parse(record: Record, log_format: LogFormat, limits: _Limits) -> _Parsed:
    """Reads a record; one whose timestamp the warehouse cannot hold is unreadable, or its insert would fail."""
    if not record.content:
        return _Parsed(record)
    if record.is_too_long:
        return _Parsed(record, reason="too_long")
    try:
        fields = parse_record(record.content, log_format)
    except UnreadableRecord as error:
        return _Parsed(record, reason=str(error))
    timestamp = fields["timestamp"]
    zone = timestamp.rpartition(" ")[2]
    if zone not in limits.zones and not _NUMERIC_ZONE.fullmatch(zone):
        return _Parsed(record, reason="unknown_time_zone")
    if timestamp[:10] > limits.last_day:
        return _Parsed(record, reason="in_the_future")
    # A jsonlog's record is that JSON already, byte for byte.
    return _Parsed(record, record.content.decode() if log_format == "jsonlog" else json.dumps(fields))


def _load_surely(
    connection: psycopg.Connection, log_file: str, head: str, batch: list[_Parsed], up_to: date
) -> Iterator[tuple[IngestResult, bool]]:
    """Loads some records of one file; where PostgreSQL refuses one of them, the others are loaded without it.

    Yields:
        For each transaction, its counts, and whether the next record is of a later day.
    """
    try:
        loaded = [_load_batch(connection, log_file, head, batch, up_to)]
    except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded):
        middle = len(batch) // 2
        halves = (batch[:middle], batch[middle:])
        if not middle:
            halves = ([_Parsed(batch[0].record, reason="refused_by_warehouse")],)
        loaded = (part for half in halves for part in _load_surely(connection, log_file, head, half, up_to))
    for counts, is_later in loaded:
        yield counts, is_later
        if is_later:
            return


def _load_batch(
    connection: psycopg.Connection, log_file: str, head: str, batch: list[_Parsed], up_to: date
) -> tuple[IngestResult, bool]:
    """Loads some records of one file in one transaction; returns their counts, and whether a later day follows."""
    with connection.transaction():
        connection.execute(
            "create temporary table if not exists new_lines"
            " (byte_offset bigint, end_offset bigint, line jsonb, reason text) on commit delete rows"
        )
        with connection.cursor().copy("copy new_lines from stdin") as copy:
            for parsed in batch:
                if parsed.line is not None or parsed.reason is not None:
                    copy.write_row((parsed.record.offset, parsed.record.end, parsed.line, parsed.reason))
        loaded, quarantined, duplicates, first_later_offset = connection.execute(
            _INSERT_LINES, {"log_file": log_file, "up_to": up_to}
        ).fetchone()
        connection.execute(
            _SAVE_PROGRESS,
            {
                "log_file": log_file,
                "head": head,
                "lines_read": loaded + quarantined + duplicates,
                "duplicates": duplicates,
                **_read_to(batch, first_later_offset),
            },
        )
    return IngestResult(0, loaded, quarantined, duplicates), first_later_offset is not None


def _read_to(batch: list[_Parsed], first_later_offset: int | None) -> dict[str, int | str | None]:
    """How far the batch has been read, and the last record before; an unfinished one is read again when longer."""
    records = [parsed.record for parsed in batch]
    end = records[-1].end if records[-1].is_finished else records[-1].offset  # blank lines are read too
    if first_later_offset is not None:
        end = first_later_offset
    last = next((record for record in reversed(records) if record.content and record.end <= end), None)
    return {
        "bytes_read": end,
        "last_offset": last and last.offset,
        "last_hash": last and fingerprint(last),
    }
