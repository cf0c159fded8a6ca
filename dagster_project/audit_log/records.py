"""Where the records of a log file start and end, as bytes. Called by `ingest.py`.

A record of a jsonlog is one line. A record of a csvlog may span lines, because a quoted field may hold line breaks: it
ends at the first line break outside quotes (RFC 4180), and since a quote inside a field is doubled, that is where the
number of quotes read so far is even.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from dagster_project.audit_log.errors import AuditLogError

LogFormat = Literal["jsonlog", "csvlog"]


@dataclass(frozen=True)
class Record:
    """One record of a file: its bytes without the line break, and where it starts and ends in the file."""

    offset: int
    end: int
    content: bytes


def detect_format(path: Path) -> LogFormat | None:
    """Tells a log file's format from its first line.

    Args:
        path: the file.

    Returns:
        The format; None where the file holds no complete line yet.

    Raises:
        AuditLogError: the first line is of neither format.
    """
    with path.open("rb") as file:
        first_line = file.readline()
    if not first_line.endswith(b"\n"):
        return None
    if first_line.startswith(b"{"):
        return "jsonlog"
    # a csvlog line starts with its timestamp and has at least 22 commas (PostgreSQL 15 to 18 write 26 columns)
    if first_line[:4].isdigit() and first_line.count(b",") >= 5:
        return "csvlog"
    raise AuditLogError(
        f"{path.name} is neither a PostgreSQL jsonlog nor a csvlog: set log_destination = 'jsonlog' on the server "
        "(PostgreSQL 15 or newer) and point AUDITUNE_AUDIT_LOGS at those files."
    )


def read_records(file: BinaryIO, start: int, log_format: LogFormat) -> Iterator[Record]:
    """Yields the complete records of a file from an offset on; a last, unfinished one is left for the next time.

    Args:
        file: the log file, opened for reading bytes.
        start: offset of a record's first byte.
        log_format: the file's format.
    """
    file.seek(start)
    record_start = start
    content = b""
    for line in file:
        content += line
        if not line.endswith(b"\n"):
            return
        if log_format == "csvlog" and content.count(b'"') % 2:
            continue
        end = record_start + len(content)
        yield Record(record_start, end, content.rstrip(b"\r\n"))
        record_start, content = end, b""
