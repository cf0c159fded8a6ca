"""Where the records of a log file start and end, as bytes. Called by `ingest.py`.

A record of a jsonlog is one line. A record of a csvlog may span lines, because a quoted field may hold line breaks: it
ends at the first line break outside quotes (RFC 4180), and since a quote inside a field is doubled, that is where the
number of quotes read so far is even.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from dagster_project.audit_log.errors import AuditLogError

LogFormat = Literal["jsonlog", "csvlog"]


@dataclass(frozen=True)
class Record:
    """One record of a file: its bytes without the line break, and where it starts and ends in the file."""

    offset: int
    end: int
    content: bytes


def detect_format(name: str, first_line: bytes) -> LogFormat:
    """Tells a log file's format from its first line.

    Args:
        name: the file's name, for the error.
        first_line: its first line, decompressed, line break included.

    Raises:
        AuditLogError: the first line is of neither format.
    """
    if first_line.startswith(b"{"):
        return "jsonlog"
    # a csvlog line starts with its timestamp and has at least 22 commas (PostgreSQL 15 to 18 write 26 columns)
    if first_line[:4].isdigit() and first_line.count(b",") >= 5:
        return "csvlog"
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
    record_start = start
    content = b""
    for line in file:
        content += line
        if not line.endswith(b"\n"):
            break
        if log_format == "csvlog" and content.count(b'"') % 2:
            continue
        end = record_start + len(content)
        yield Record(record_start, end, content.rstrip(b"\r\n"))
        record_start, content = end, b""
    if content and is_whole:
        yield Record(record_start, record_start + len(content), content)
