"""Load what is new in the server's log files into `raw_audit`. Called by the asset `raw_audit/log_lines`.

Exactly once: the lines of a file and the offset up to which it has been read are committed together, so a kill at any
moment leaves both as before, and reading again starts where the last commit ended. A file is known by its first line,
so it may be renamed, compressed or copied; and a line by its session and number in it, so a part of a file that comes a
second time is counted as a duplicate and not loaded.
"""

import glob
import re
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from dagster_project.audit_log.errors import AuditLogError, UnreadableRecord
from dagster_project.audit_log.files import LogFile, look_into, opened
from dagster_project.audit_log.formats import parse_record
from dagster_project.audit_log.records import LogFormat, Record, detect_format, read_records

_INSERT_LINES = (Path(__file__).parent / "insert_lines.sql").read_text()
_NUMERIC_ZONE = re.compile(r"[+-]\d\d(:?\d\d)?")
_BATCH_RECORDS = 20_000  # about 20 MB of statements a transaction


@dataclass(frozen=True)
class IngestResult:
    """How many files were looked at, and how many records were loaded, quarantined and had been loaded before."""

    files: int
    loaded: int
    quarantined: int
    duplicates: int = 0


def find_log_files(patterns: tuple[str, ...]) -> list[Path]:
    """Returns the log files that the patterns name, the oldest first.

    Raises:
        AuditLogError: a pattern matches no file.
    """
    found: set[Path] = set()
    for pattern in patterns:
        matches = [Path(match) for match in glob.glob(pattern, recursive=True) if Path(match).is_file()]
        if not matches:
            raise AuditLogError(
                f"No log file matches {pattern}: point AUDITUNE_AUDIT_LOGS at the server's jsonlog or csvlog files."
            )
        found.update(matches)
    if not found:
        raise AuditLogError("AUDITUNE_AUDIT_LOGS names no file: point it at the server's jsonlog or csvlog files.")
    return sorted(found, key=lambda path: (path.stat().st_mtime, path.name))


def ingest(connection: psycopg.Connection, patterns: tuple[str, ...], up_to: date) -> IngestResult:
    """Loads every record that is new, up to the end of a day.

    Args:
        connection: of role auditune_owner, in autocommit mode.
        patterns: files or globs of the server's log.
        up_to: the last day (UTC) to load; later records wait for their own day.

    Raises:
        AuditLogError: no file, a file of an unknown format, a broken archive, or one that may not be read.
    """
    total = IngestResult(0, 0, 0)
    files = find_log_files(patterns)
    zones = frozenset(row[0] for row in connection.execute("select abbrev from pg_timezone_abbrevs"))
    for path in files:
        file = look_into(path)
        if file is None:
            continue
        log_format = detect_format(file.path.name, file.first_line)
        log_file, start, is_whole = _progress(connection, file)
        if is_whole:
            continue
        with opened(path, start) as text:
            found = read_records(text, start, log_format, is_whole=file.is_compressed)
            records = (_parse(record, log_format, zones) for record in found)
            while batch := list(islice(records, _BATCH_RECORDS)):
                counts, read_to = _load_batch(connection, log_file, file.head, batch, up_to)
                total = IngestResult(
                    0,
                    total.loaded + counts.loaded,
                    total.quarantined + counts.quarantined,
                    total.duplicates + counts.duplicates,
                )
                if read_to < batch[-1].record.end:
                    break
            else:
                if file.is_compressed:
                    connection.execute("update raw_audit.log_files set is_whole = true where head = %s", [file.head])
    return replace(total, files=len(files))


def _progress(connection: psycopg.Connection, file: LogFile) -> tuple[str, int, bool]:
    """Returns a file's name in the warehouse, the offset to read from, and whether nothing can follow there.

    Another file of the same name (rotated, or written anew from its start) gets a number behind the name.
    """
    known = connection.execute(
        "select log_file, bytes_read, is_whole from raw_audit.log_files where head = %s", [file.head]
    ).fetchone()
    if known:
        return known
    (namesakes,) = connection.execute(
        "select count(*) from raw_audit.log_files where split_part(log_file, '#', 1) = %s", [file.path.name]
    ).fetchone()
    return (f"{file.path.name}#{namesakes + 1}" if namesakes else file.path.name), 0, False


@dataclass(frozen=True)
class _Parsed:
    """A record with its fields, or with the reason why it has none; a blank line has neither."""

    record: Record
    fields: dict | None = None
    reason: str | None = None


def _parse(record: Record, log_format: LogFormat, zones: frozenset[str]) -> _Parsed:
    """Reads a record; a time zone that the warehouse does not know makes it unreadable, or its insert would fail."""
    if not record.content:
        return _Parsed(record)
    try:
        fields = parse_record(record.content, log_format)
    except UnreadableRecord as error:
        return _Parsed(record, reason=str(error))
    zone = fields["timestamp"].rpartition(" ")[2]
    if zone not in zones and not _NUMERIC_ZONE.fullmatch(zone):
        return _Parsed(record, reason="unknown_time_zone")
    return _Parsed(record, fields)


def _load_batch(
    connection: psycopg.Connection, log_file: str, head: str, batch: list[_Parsed], up_to: date
) -> tuple[IngestResult, int]:
    """Loads some records of one file in one transaction; returns their counts and the offset read to."""
    with connection.transaction():
        connection.execute(
            "create temporary table if not exists new_lines"
            " (byte_offset bigint, end_offset bigint, line jsonb, reason text) on commit delete rows"
        )
        with connection.cursor().copy("copy new_lines from stdin") as copy:
            for parsed in batch:
                if parsed.fields is None and parsed.reason is None:
                    continue
                line = None if parsed.fields is None else Jsonb(parsed.fields)
                copy.write_row((parsed.record.offset, parsed.record.end, line, parsed.reason))
        loaded, quarantined, duplicates, first_later_offset = connection.execute(
            _INSERT_LINES, {"log_file": log_file, "up_to": up_to}
        ).fetchone()
        # blank lines are read too, so the batch's own end counts
        read_to = batch[-1].record.end if first_later_offset is None else first_later_offset
        connection.execute(
            "insert into raw_audit.log_files (log_file, head, bytes_read, lines_read, duplicate_lines)"
            " values (%s, %s, %s, %s, %s)"
            " on conflict (log_file) do update set bytes_read = excluded.bytes_read,"
            " lines_read = log_files.lines_read + excluded.lines_read,"
            " duplicate_lines = log_files.duplicate_lines + excluded.duplicate_lines, read_at = now()",
            [log_file, head, read_to, loaded + quarantined + duplicates, duplicates],
        )
    return IngestResult(0, loaded, quarantined, duplicates), read_to
