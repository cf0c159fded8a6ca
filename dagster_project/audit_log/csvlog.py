"""Where the records of a csvlog start and end, also behind one that is broken. Called by `records.py` and `formats.py`.

A quoted field may hold line breaks, so a record ends at the first line break outside quotes (RFC 4180): a quote inside
a field is doubled, so that is where the number of quotes read so far is even. One quote too many or too few would turn
inside and outside round for all that follows. It is found out at the next record's first line, whose first quote is
followed by a letter: where a field is open, a quote is doubled or ends the field. The lines that the broken record had
swallowed are then read again.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from dagster_project.audit_log.errors import UnreadableRecord
from dagster_project.audit_log.record import MAX_RECORD_BYTES, SHOWN_BYTES, Record

_COLUMN_COUNTS = (24, 25, 26)  # 24 columns in PostgreSQL 13; leader_pid and query_id came with 14
_STARTS_LIKE_RECORD = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [^ ,\"]+,")
_OPENS_RECORD = re.compile(_STARTS_LIKE_RECORD.pattern + rb"[^\"]*\"[^\",\r\n]")

csv.field_size_limit(MAX_RECORD_BYTES)  # the library's own is 128 kB, and statements are longer


def starts_like_record(line: bytes) -> bool:
    """Tells whether a line may be the first one of a record: it starts with a timestamp in a field of its own."""
    return _STARTS_LIKE_RECORD.match(line) is not None


def split_fields(text: str) -> list[str]:
    """Returns the fields of one record.

    Raises:
        UnreadableRecord: it is not one record of a csvlog of PostgreSQL 13 to 18.
    """
    try:
        (values,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError) as error:
        raise UnreadableRecord("not_csv") from error
    if len(values) not in _COLUMN_COUNTS:
        raise UnreadableRecord("unknown_column_count")
    return values


def csvlog_records(file: BinaryIO, start: int, *, is_whole: bool) -> Iterator[Record]:
    """Yields the records of a csvlog; arguments as of `records.read_records`."""
    again: deque[bytes] = deque()  # lines that a broken record had swallowed
    work = _Work()
    offset = start
    while True:
        line = again.popleft() if again else file.readline(MAX_RECORD_BYTES)
        if not work.lines and line.endswith(b"\n") and line.count(b'"') % 2 == 0:  # most records are one line
            end = offset + len(line)
            yield Record(offset, end, line.rstrip(b"\r\n"))
            offset = end
            continue
        swallowed: list[bytes] = []
        if not line.endswith(b"\n") and len(line) < MAX_RECORD_BYTES:  # the file's end
            if not is_whole:
                return
            if line:
                work.add(line)
            if not work.lines:
                return
            swallowed = work.give_back()
        elif work.is_open and _OPENS_RECORD.match(line):
            swallowed = [*work.give_back(), line]
        else:
            work.add(line)
            if work.is_open or not line.endswith(b"\n"):
                continue
            if not work.is_one_record():
                swallowed = work.give_back()
        record = work.record(offset)
        yield record
        again.extendleft(reversed(swallowed))
        work, offset = _Work(), record.end


@dataclass
class _Work:
    """The lines of the record in work.

    Attributes:
        lines: Its lines; its first bytes alone where it is too long.
        size: The bytes of all its lines.
        is_open: A quote is open at its end.
    """

    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    is_open: bool = False
    is_too_long: bool = False

    def add(self, line: bytes) -> None:
        """Adds a line, or a piece of one that is longer than a record may be."""
        is_odd = line.count(b'"') % 2 == 1
        # what does not start like a record is the rest of a broken one: its quotes open nothing
        if is_odd and (self.lines or _STARTS_LIKE_RECORD.match(line)):
            self.is_open = not self.is_open
        self.lines.append(line)
        self.size += len(line)
        if self.size > MAX_RECORD_BYTES:
            self.is_too_long = True
            self.lines = [b"".join(self.lines)[:SHOWN_BYTES]]

    def is_one_record(self) -> bool:
        """Tells whether the lines are one record; two broken ones may close each other's quotes."""
        if not any(map(_STARTS_LIKE_RECORD.match, self.lines[1:])):
            return True  # or one that is broken by itself
        try:
            split_fields(b"".join(self.lines).rstrip(b"\r\n").decode())
        except ValueError:
            return False
        return True

    def give_back(self) -> list[bytes]:
        """Takes off, and returns, the lines from the first on that may be another record's."""
        starts = (index for index, line in enumerate(self.lines) if index and _STARTS_LIKE_RECORD.match(line))
        first = next(starts, len(self.lines))
        others = self.lines[first:]
        del self.lines[first:]
        self.size -= sum(map(len, others))
        return others

    def record(self, offset: int) -> Record:
        """Returns the lines as a record that starts at an offset."""
        return Record(
            offset,
            offset + self.size,
            self.lines[0] if self.is_too_long else b"".join(self.lines).rstrip(b"\r\n"),
            is_finished=self.is_too_long or self.lines[-1].endswith(b"\n"),
            is_too_long=self.is_too_long,
        )
