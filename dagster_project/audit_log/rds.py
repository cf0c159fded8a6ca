"""The logs of Amazon RDS and Aurora, read through AWS's API. Called by `sources.py`.

A file is streamed, never stored. RDS hands it out in portions of at most 1 MB with a marker each, from which a later
run reads on: which marker stands at which of our offsets is kept in `raw_audit.remote_logs`. A file whose size and time
have not changed since it was read to its end is not asked for again.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO

import psycopg

from dagster_project.audit_log.files import first_lines_of, skip
from dagster_project.audit_log.rds_api import LogFileGone, RdsAddress, RdsFile, list_files, parse_address, portions
from dagster_project.audit_log.records import identify

_IDENTIFYING_LINES = 20
_SAVE = """
insert into raw_audit.remote_logs (address, size, last_written, marker, marker_offset)
values (%(address)s, %(size)s, %(last_written)s, %(marker)s, %(marker_offset)s)
on conflict (address) do update set
    size = excluded.size, last_written = excluded.last_written, read_at = now(),
    marker = coalesce(excluded.marker, remote_logs.marker),
    marker_offset = coalesce(excluded.marker_offset, remote_logs.marker_offset)
"""


def is_rds(entry: str) -> bool:
    """Tells whether an entry of AUDITUNE_AUDIT_LOGS is an address in RDS."""
    return entry.startswith(("rds://", "rds-cluster://"))


def find_rds_logs(connection: psycopg.Connection, entry: str) -> tuple[list["RdsLog"], list[str]]:
    """Lists the log files of an instance, or of each instance of a cluster, the oldest first.

    Args:
        connection: Of role auditune_owner; holds what is known of the files.
        entry: `rds://INSTANCE?region=REGION` or `rds-cluster://CLUSTER?region=REGION`.

    Returns:
        The files that can be read; sentences about those that cannot.

    Raises:
        AuditLogError: The address is wrong, AWS refuses, or the instance writes no csvlog.
    """
    address = parse_address(entry)
    files, notes = list_files(address)
    return [RdsLog(connection, address, file) for file in files], notes


class RdsLog:
    """A log file of an RDS instance."""

    def __init__(self, connection: psycopg.Connection, address: RdsAddress, file: RdsFile) -> None:
        self._connection, self._address, self._file = connection, address, file

    @contextmanager
    def open(self) -> Iterator["OpenRdsFile | None"]:
        """Opens it; None where it has not changed since it was read, is gone, or holds no complete line yet."""
        known = self._connection.execute(
            "select size, last_written, marker, marker_offset from raw_audit.remote_logs where address = %s",
            [self._file.address],
        ).fetchone()
        size, last_written, marker, marker_offset = known or (None, None, None, None)
        if (size, last_written) == (self._file.size, self._file.last_written):
            yield None
            return
        file = None
        try:
            file = OpenRdsFile(partial(portions, self._address, self._file), self._file.name)
            if not file.first_lines:
                yield None
                return
            if marker:
                file.markers.append((marker_offset, marker))
            yield file
        except LogFileGone:  # RDS has deleted it since it was listed
            if file is None:
                yield None
            return
        self._save(file)

    def _save(self, file: "OpenRdsFile") -> None:
        """Keeps what spares the next run work; nothing is lost where the process is killed before."""
        head, _ = identify(file.name, file.first_lines)
        read_to = self._connection.execute(
            "select bytes_read from raw_audit.log_files where head = %s and bytes_read <= %s order by bytes_read desc",
            [head, file.end],
        ).fetchone()
        if read_to is None:
            return
        is_read = file.is_at_end and read_to == (file.end,)
        before = [place for place in file.markers if place[0] <= read_to[0]]
        offset, marker = max(before, default=(None, None))
        values = {"address": self._file.address, "marker": marker, "marker_offset": offset}
        times = {"size": self._file.size, "last_written": self._file.last_written} if is_read else {}
        self._connection.execute(_SAVE, {"size": None, "last_written": None, **times, **values})


class OpenRdsFile:
    """A log file of RDS that is open; the attributes are those of `files.OpenFile`.

    Attributes:
        markers: Places to read on from: our offset, and RDS's marker for it.
        end: The offset behind the last portion that was read.
        is_at_end: That portion was the last one.
    """

    is_whole = False
    archive = None

    def __init__(self, portions_from: partial, name: str) -> None:
        self.name, self._portions_from = name, portions_from
        self.markers: list[tuple[int, str]] = []
        self.end, self.is_at_end = 0, False
        first = next(portions_from("0", _IDENTIFYING_LINES))
        self.first_lines = first_lines_of(io.BytesIO(first.text), is_whole=False)

    def read_from(self, start: int) -> BinaryIO:
        """Returns a reader of the text from an offset on."""
        offset, marker = max((place for place in self.markers if place[0] <= start), default=(0, "0"))
        text = io.BufferedReader(_Portions(self, offset, self._portions_from(marker)))
        skip(text, start - offset)
        return text

    def is_unchanged(self) -> bool:
        """RDS starts a new file under a new name, and never writes one anew."""
        return True


class _Portions(io.RawIOBase):
    """The text of successive portions."""

    def __init__(self, file: OpenRdsFile, offset: int, found: Iterator) -> None:
        self._file, self._found, self._text = file, found, b""
        file.end, file.is_at_end = offset, False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:
        """Fills the buffer as far as there is text; 0 at the end."""
        while not self._text:
            portion = next(self._found, None)
            if portion is None:
                self._file.is_at_end = True
                return 0
            self._text = portion.text
            self._file.end += len(portion.text)
            if portion.marker:
                self._file.markers.append((self._file.end, portion.marker))
        count = min(len(buffer), len(self._text))
        buffer[:count], self._text = self._text[:count], self._text[count:]
        return count
