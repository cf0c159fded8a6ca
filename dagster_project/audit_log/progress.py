"""How far each log file has been read, and whether a file is still the one that was read. Called by `ingest.py`.

A file is known by its first line, whatever its name, and by the last record that was read of it. So a copy, a rotated
or a compressed file goes on where it was; and a file that was cut short and written on is read again from its start,
under a new name in the warehouse: of its lines, those that had been loaded are counted as duplicates.
"""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

import psycopg

from dagster_project.audit_log.files import OpenFile, skip
from dagster_project.audit_log.record import SHOWN_BYTES, Record

_KNOWN = """
select log_file, bytes_read, archives, coalesce(last_offset, bytes_read), last_hash
from raw_audit.log_files
where head = %s
order by bytes_read desc
"""


@dataclass(frozen=True)
class Place:
    """Where to read on.

    Attributes:
        log_file: The file's name in the warehouse.
        offset: Where, in its decompressed text.
        text: A reader that stands there.
    """

    log_file: str
    offset: int
    text: BinaryIO


def resume(connection: psycopg.Connection, file: OpenFile, head: str) -> Place | None:
    """Finds where to read on in a file.

    Args:
        connection: Of role auditune_owner.
        file: The file.
        head: What it is known by.

    Returns:
        The place; None for an archive that has been read to its end.
    """
    known = connection.execute(_KNOWN, [head]).fetchall()
    if file.archive and any(file.archive in archives for _, _, archives, _, _ in known):
        return None
    for log_file, bytes_read, _, last_offset, last_hash in known:
        text = file.read_from(last_offset)
        if _is_same(text, bytes_read - last_offset, last_hash):
            return Place(log_file, bytes_read, text)
    return Place(_free_name(connection, file.name), 0, file.read_from(0))


def fingerprint(record: Record) -> str:
    """Returns what a record is known again by."""
    return hashlib.sha256(record.content[:SHOWN_BYTES].rstrip(b"\r\n")).hexdigest()


def _is_same(text: BinaryIO, count: int, last_hash: str | None) -> bool:
    """Tells whether the record that was read last still stands there; reads over it."""
    start = text.read(min(count, SHOWN_BYTES))
    if last_hash is None:  # nothing has been read yet, or by an earlier auditune
        return True
    if count > SHOWN_BYTES:
        skip(text, count - SHOWN_BYTES - 1)
        if not text.read(1):
            return False  # it ends before
    return len(start) == min(count, SHOWN_BYTES) and hashlib.sha256(start.rstrip(b"\r\n")).hexdigest() == last_hash


def _free_name(connection: psycopg.Connection, name: str) -> str:
    """The file's own name; with a number behind it where another file has it already."""
    rows = connection.execute("select log_file from raw_audit.log_files where starts_with(log_file, %s)", [name])
    taken = {log_file for (log_file,) in rows}
    names = (f"{name}#{number}" if number > 1 else name for number in range(1, len(taken) + 2))
    return next(free for free in names if free not in taken)
