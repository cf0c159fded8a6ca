"""The records of a log file, as bytes, and what a file is known by. Called by `ingest.py` and `progress.py`.

A record of a jsonlog is one line. Those of a csvlog are found by `csvlog.py`.
"""

import hashlib
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, Literal

from dagster_project.audit_log.csvlog import csvlog_records, starts_like_record
from dagster_project.audit_log.errors import AuditLogError
from dagster_project.audit_log.record import MAX_RECORD_BYTES, SHOWN_BYTES, Record

__all__ = ["LogFormat", "Record", "identify", "read_records", "tell_format"]

LogFormat = Literal["jsonlog", "csvlog"]


def tell_format(line: bytes) -> LogFormat | None:
    """Tells the format of a log from one line of it; None for a line of neither."""
    if line.startswith(b"{") and b'"timestamp"' in line:
        return "jsonlog"
    # a record has at least 23 commas, its first line may end in the message: the fourteenth column
    return "csvlog" if starts_like_record(line) and line.count(b",") >= 13 else None


def identify(name: str, first_lines: list[bytes]) -> tuple[str, LogFormat]:
    """Tells what a file is known by, and its format.

    A rotated log changes its name, and is often compressed later. What stays is its first line, which holds the moment
    and the session. Where that is broken, the lines count up to the first one that is whole.

    Args:
        name: The file's name, for the error.
        first_lines: Its first complete lines, decompressed, line breaks included.

    Returns:
        The hash of what it is known by, 64 hex digits; its format.

    Raises:
        AuditLogError: None of the lines is of a known format.
    """
    for number, line in enumerate(first_lines, start=1):
        if log_format := tell_format(line):
            return hashlib.sha256(b"".join(first_lines[:number])).hexdigest(), log_format
    raise AuditLogError(
        f"{name} is neither a PostgreSQL jsonlog nor a csvlog: set log_destination = 'jsonlog' on the server "
        "(PostgreSQL 15 or newer) and point AUDITUNE_AUDIT_LOGS at those files."
    )


def read_records(file: BinaryIO, start: int, log_format: LogFormat, *, is_whole: bool = False) -> Iterator[Record]:
    """Yields the complete records of a file; a last, unfinished one is left for the next time.

    Args:
        file: the log file, opened for reading bytes, at a record's first byte.
        start: offset of that byte.
        log_format: the file's format.
        is_whole: nothing will be appended, so an unfinished last record is a record too.
    """
    find = _jsonlog_records if log_format == "jsonlog" else csvlog_records
    return find(file, start, is_whole=is_whole)


def _jsonlog_records(file: BinaryIO, start: int, *, is_whole: bool) -> Iterator[Record]:
    offset = start
    for line in iter(partial(file.readline, MAX_RECORD_BYTES), b""):
        end = offset + len(line)
        if line.endswith(b"\n"):
            yield Record(offset, end, line.rstrip(b"\r\n"))
            offset = end
            continue
        piece = line
        while len(piece) == MAX_RECORD_BYTES and not piece.endswith(b"\n"):
            piece = file.readline(MAX_RECORD_BYTES)
            end += len(piece)
        is_too_long, is_finished = end - offset > MAX_RECORD_BYTES, piece.endswith(b"\n")
        if not is_finished and not is_whole:
            return
        content = line[:SHOWN_BYTES] if is_too_long else line.rstrip(b"\r\n")
        yield Record(offset, end, content, is_finished=is_finished, is_too_long=is_too_long)
        offset = end
