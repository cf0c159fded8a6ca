"""Load what is new in the server's log files into `raw_audit`. Called by the asset `raw_audit/log_lines`.

Exactly once: the lines of a file and the offset up to which it has been read are committed together, so a kill at any
moment leaves both as before, and reading again starts where the last commit ended.
"""

import glob
import re
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from dagster_project.audit_log.errors import AuditLogError, UnreadableRecord
from dagster_project.audit_log.formats import parse_record
from dagster_project.audit_log.records import LogFormat, Record, detect_format, read_records

_INSERT_LINES = (Path(__file__).parent / "insert_lines.sql").read_text()
_NUMERIC_ZONE = re.compile(r"[+-]\d\d(:?\d\d)?")
_BATCH_RECORDS = 20_000  # about 20 MB of statements a transaction


@dataclass(frozen=True)
class IngestResult:
    """How many files were looked at, and how many records were loaded and quarantined."""

    files: int
    loaded: int
    quarantined: int


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
        AuditLogError: no file, a file of an unknown format, or one that may not be read.
    """
    loaded = quarantined = 0
    files = find_log_files(patterns)
    zones = frozenset(row[0] for row in connection.execute("select abbrev from pg_timezone_abbrevs"))
    for path in files:
        if (log_format := _format_of(path)) is None:
            continue
        log_file, start = _progress(connection, path)
        with path.open("rb") as file:
            records = (_parse(record, log_format, zones) for record in read_records(file, start, log_format))
            while batch := list(islice(records, _BATCH_RECORDS)):
                counts = _load_batch(connection, log_file, batch, up_to)
                loaded, quarantined = loaded + counts[0], quarantined + counts[1]
                if counts[2] < batch[-1].record.end:
                    break
    return IngestResult(len(files), loaded, quarantined)


def _format_of(path: Path) -> LogFormat | None:
    try:
        return detect_format(path)
    except PermissionError as error:
        raise AuditLogError(
            f"{path} may not be read by this account: run as an account of the group that owns the log "
            "(log_file_mode = 0640 on the server), or copy the files to where it may read."
        ) from error


def _progress(connection: psycopg.Connection, path: Path) -> tuple[str, int]:
    """Returns a file's name in the warehouse and the offset to read from; a file that shrank is a new one."""
    generations = connection.execute(
        "select log_file, bytes_read from raw_audit.log_files where split_part(log_file, '#', 1) = %s", [path.name]
    ).fetchall()
    if not generations:
        return path.name, 0
    log_file, bytes_read = max(generations, key=lambda row: int((row[0].split("#") + ["1"])[1]))
    if path.stat().st_size < bytes_read:
        return f"{path.name}#{len(generations) + 1}", 0
    return log_file, bytes_read


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
    connection: psycopg.Connection, log_file: str, batch: list[_Parsed], up_to: date
) -> tuple[int, int, int]:
    """Loads some records of one file in one transaction; returns loaded, quarantined and the offset read to."""
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
        loaded, quarantined, first_later_offset = connection.execute(
            _INSERT_LINES, {"log_file": log_file, "up_to": up_to}
        ).fetchone()
        # blank lines are read too, so the batch's own end counts
        read_to = batch[-1].record.end if first_later_offset is None else first_later_offset
        connection.execute(
            "insert into raw_audit.log_files (log_file, bytes_read, lines_read) values (%s, %s, %s)"
            " on conflict (log_file) do update set bytes_read = excluded.bytes_read,"
            " lines_read = log_files.lines_read + excluded.lines_read, read_at = now()",
            [log_file, read_to, loaded + quarantined],
        )
    return loaded, quarantined, read_to
