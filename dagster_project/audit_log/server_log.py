"""The connected server's own log, read through SQL where its files are not on this machine. Called by `sources.py`.

The role needs `pg_monitor` (to be told where the log is) and the right to execute `pg_read_binary_file`. Which log the
server writes, and whether its folder is on this machine, set-up finds out (`dagster_project.warehouse.own_log`).
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import BinaryIO

import psycopg

from dagster_project.audit_log.errors import AuditLogError
from dagster_project.audit_log.files import FileLog, OpenFile

OWN_LOG = "server://"
"""The entry of AUDITUNE_AUDIT_LOGS that stands for it."""

_CHUNK_BYTES = 4 * 1024 * 1024
_READ = "select pg_read_binary_file(%s, %s, %s, true)"
PRIVILEGES = (
    "grant pg_monitor to auditune_owner; "
    "grant execute on function pg_read_binary_file(text, bigint, bigint, boolean) to auditune_owner"
)
"""What a superuser must run to let the owner read it."""


def find_server_logs(connection: psycopg.Connection) -> list["ServerLog"]:
    """Lists the server's log files of the format that it writes, the oldest first.

    Args:
        connection: Of role auditune_owner.

    Raises:
        AuditLogError: The role may not, or the server writes neither a jsonlog nor a csvlog.
    """
    try:
        ending = log_ending(connection)
        if ending is None:
            raise AuditLogError(f"The server writes no log that auditune reads: {how_to_log(connection)}.")
        folder = connection.execute("select current_setting('log_directory')").fetchone()[0]
        rows = connection.execute(
            "select name, size from pg_ls_logdir() where name ~ %s order by modification, name",
            [rf"\.{ending}(\.[a-z0-9]+)?$"],
        ).fetchall()
        logs = [ServerLog(connection, f"{folder}/{name}", size) for name, size in rows]
        if logs:
            logs[-1].check()
    except psycopg.errors.InsufficientPrivilege as error:
        raise AuditLogError(
            f"auditune_owner may not read the server's log: ask a superuser to run `{PRIVILEGES}`, "
            "or set AUDITUNE_AUDIT_LOGS to the log's files."
        ) from error
    return logs


def log_ending(connection: psycopg.Connection) -> str | None:
    """Returns the ending of the server's log files that auditune reads, `json` or `csv`; None where it writes none."""
    collector, destinations = connection.execute(
        "select current_setting('logging_collector')::boolean, current_setting('log_destination')"
    ).fetchone()
    written = {destination.strip().lower() for destination in destinations.split(",")}
    if not collector:
        return None
    return "json" if "jsonlog" in written else "csv" if "csvlog" in written else None


def how_to_log(connection: psycopg.Connection) -> str:
    """Says what to set on the server so that it writes a log that auditune reads."""
    (collector,) = connection.execute("select current_setting('logging_collector')::boolean").fetchone()
    if collector:
        return "set log_destination = 'jsonlog' on it and reload it"
    return "set logging_collector = on and log_destination = 'jsonlog' on it and restart it"


class ServerLog(FileLog):
    """A log file on the server's disk."""

    def __init__(self, connection: psycopg.Connection, path: str, size: int) -> None:
        self.name, self.address = PurePosixPath(path).name, path
        self._connection, self._path, self._size = connection, path, size

    def check(self) -> None:
        """Reads nothing; raises psycopg's InsufficientPrivilege where the role may not read it."""
        self._connection.execute(_READ, [self._path, 0, 0])

    @contextmanager
    def open(self) -> Iterator[OpenFile | None]:
        """Opens it; None where it is empty or gone."""
        # a connection of its own: the ingest's may be in the middle of a transaction
        info = self._connection.info
        with psycopg.connect(info.dsn, password=info.password, autocommit=True) as reader:
            self._reader = reader
            with super().open() as file:
                yield file

    def open_raw(self) -> BinaryIO:
        """Opens the file's own bytes."""
        return io.BufferedReader(_ServerBytes(self._reader, self._path, self._size), _CHUNK_BYTES)

    def is_settled(self, raw: BinaryIO) -> bool:  # noqa: ARG002 - the parent's signature
        """Who compresses logs in the server's folder is not known: a broken archive may be finished later."""
        return False


class _ServerBytes(io.RawIOBase):
    """The bytes of a file on the server; it may grow while it is read, and is empty where it is gone."""

    def __init__(self, connection: psycopg.Connection, path: str, size: int) -> None:
        self._connection, self._path, self._size, self._place = connection, path, size, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves to a place; the end is where it was when the folder was listed."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = base + offset
        return self._place

    def readinto(self, buffer: memoryview) -> int:
        """Fills the buffer as far as the file goes; 0 at its end."""
        (chunk,) = self._connection.execute(_READ, [self._path, self._place, len(buffer)], binary=True).fetchone()
        count = len(chunk or b"")
        buffer[:count] = chunk or b""
        self._place += count
        return count
