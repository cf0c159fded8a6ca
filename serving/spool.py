"""The spool: a bounded, encrypted queue on disk in which rows wait for the warehouse. Used by `request_log`.

A folder of segments (`spool_segment`). What `append` has returned from survives kill -9 and a power cut. Segments that
a killed process has left are adopted by the next one, or by another that shares the state folder. One thread appends,
one reads; nothing is removed before the reader has confirmed it, so a row may be read twice and is never lost.
"""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import structlog

from serving.spool_segment import (
    DRAFT_SUFFIX,
    SUFFIX,
    OtherKey,
    Part,
    Segment,
    SpoolKey,
    move_aside,
    record_bytes,
)
from training.key_file import LOCAL_PREFIX, read_key

log = structlog.get_logger(__name__)

_SEGMENT_BYTES = 1024 * 1024
_ORDINARY_BYTES = 8 * 1024  # more than nearly every row takes
_LARGEST_BYTES = 128 * 1024  # more than any row takes
_DRAFT_SECONDS = 60
SET_ASIDE = "set-aside"


class SpoolFull(Exception):
    """The bound is reached; nothing was appended."""


def read_spool_key(home: Path) -> SpoolKey:
    """Read the spool's key, `<home>/keys/spool.key` (mode 0600); create it where it is missing.

    Raises:
        VaultError: The file is damaged, open to others or unreadable; the message says what to do.
    """
    key_id, secret = read_key(home / "keys" / "spool.key", create=True)
    return SpoolKey(key_id.removeprefix(LOCAL_PREFIX), secret)


class Spool:
    """A first-in-first-out queue of byte strings in a folder."""

    def __init__(self, folder: Path, key: SpoolKey, *, limit_bytes: int, segment_bytes: int = _SEGMENT_BYTES):
        """Opens the folder and adopts what was left in it.

        Args:
            folder: Created (mode 0700) where it is missing.
            key: The spool's key; segments of another are set aside.
            limit_bytes: Most bytes of waiting records; on disk there may be a segment more.
            segment_bytes: Size at which a new segment is begun.

        Raises:
            OSError: The folder cannot be written.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder, self._key = folder, key
        self._limit_bytes, self._segment_bytes = limit_bytes, segment_bytes
        self._lock = threading.Lock()  # around changes of the two rows of segments
        self._adopted: list[Segment] = []
        self._own: list[Segment] = []
        self._is_writable = False  # whether the last own segment may be appended to
        self._closed_to_us: set[Path] = set()  # what cannot be opened; said once
        self._spoilt: set[Path] = set()  # segments with damaged records, to be set aside
        self._reading: tuple[Segment, Part] | None = None
        self._oldest_ms: int | None = None
        self.appended = 0
        """Records appended by this process."""
        self.confirmed = 0
        """Of these, how many have been read and confirmed."""
        self._remove_drafts()
        self.adopt()
        self._begin_segment()

    def append(self, payloads: Sequence[bytes]) -> None:
        """Append records; they are on the disk when this returns.

        Raises:
            SpoolFull: They would pass the bound.
            OSError: The disk is full or broken.
        """
        needed = sum(map(record_bytes, payloads))
        with self._lock:
            if self.waiting_bytes() + needed > self._limit_bytes:
                raise SpoolFull("the bound is reached")
            if not self._is_writable or self._own[-1].size > self._segment_bytes:
                self._begin_segment()
            self._is_writable = False  # after a failed write or sync nobody knows what the file holds
            try:
                self._own[-1].append(payloads, time.time_ns() // 1_000_000)
            except OSError:
                if not self._own[-1].count:
                    self._own.pop().remove()
                raise
            self._is_writable = True
            self.appended += len(payloads)

    def read(self, limit: int) -> Part:
        """Read the oldest records without removing them: at most `limit`, none where none waits."""
        with self._lock:
            segment = next((segment for segment in self._segments() if segment.unread), None)
        if segment is None:
            self._oldest_ms = None
            return Part()
        part = segment.read(limit)
        self._reading = (segment, part)
        if part.records:
            self._oldest_ms = part.records[0].at_ms
        if part.damaged and segment.path not in self._spoilt:  # the same part may be read again and again
            self._spoilt.add(segment.path)
            log.error("records of the spool are damaged", records=part.damaged, segment=segment.path.name)
        return part

    def confirm(self) -> None:
        """Remove what `read` returned last."""
        segment, part = self._reading
        self._reading = self._oldest_ms = None
        with self._lock:
            segment.confirm(part)
            if segment in self._own:
                self.confirmed += part.taken
            for row in (self._adopted, self._own):
                while row and not row[0].unread and not self._is_in_use(row[0]):
                    self._drop(row.pop(0))
            self._is_writable = self._is_writable and bool(self._own)

    def tidy(self) -> None:
        """While nothing is to do: remove read records from the disk, and adopt what other processes have left.

        Raises:
            OSError: The disk is full or broken.
        """
        with self._lock:
            if self._own and self._own[-1].count and not self._own[-1].unread:
                self._begin_segment()
                while self._own[0] is not self._own[-1]:
                    self._drop(self._own.pop(0))
        self.adopt()

    def adopt(self) -> None:
        """Take over segments of processes that live no more."""
        known = {segment.path for segment in self._segments()} | self._closed_to_us
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            if path in known:
                continue
            try:
                segment = Segment.adopt(path, self._key)
            except OtherKey:
                move_aside(path, self._folder / SET_ASIDE)
                log.error(
                    "rows of the spool cannot be read, its key is gone: restore keys/spool.key and move them back",
                    segment=path.name,
                )
                continue
            except OSError as error:  # another account's, or no plain file
                self._closed_to_us.add(path)
                log.error("a segment of the spool cannot be opened", errno=error.errno, segment=path.name)
                continue
            if segment is None:
                continue
            if segment.torn_bytes > _LARGEST_BYTES:
                self._spoilt.add(path)
                log.error("the end of a segment of the spool is damaged", bytes=segment.torn_bytes, segment=path.name)
            elif segment.torn_bytes:
                log.warning("a row was being written when the API was killed", bytes=segment.torn_bytes)
            with self._lock:
                self._adopted.append(segment)

    def depth(self) -> int:
        """Return how many records wait."""
        return sum(segment.unread for segment in self._segments())

    def waiting_bytes(self) -> int:
        """Return the size of the records that wait."""
        return sum(segment.unread_bytes for segment in self._segments())

    def is_full(self) -> bool:
        """Return whether there is no room for another row of ordinary size."""
        return self.waiting_bytes() + _ORDINARY_BYTES > self._limit_bytes

    def age_seconds(self) -> float:
        """Return how long the oldest record has waited, as far as the reader has met it."""
        oldest = self._oldest_ms
        return 0.0 if oldest is None else max(0.0, time.time() - oldest / 1000)

    def close(self) -> None:
        """Let go of all segments; those without unread records are removed."""
        with self._lock:
            for segment in self._segments():
                if segment.unread:
                    segment.release()
                else:
                    self._drop(segment)
            self._adopted.clear()
            self._own.clear()
            self._is_writable = False

    def _segments(self) -> list[Segment]:
        return [*self._adopted, *self._own]

    def _is_in_use(self, segment: Segment) -> bool:
        """Whether records will still be appended to a segment."""
        return self._is_writable and segment is self._own[-1] and segment.size <= self._segment_bytes

    def _remove_drafts(self) -> None:
        """Remove what a process killed while it created a segment has left; nothing was stored in it."""
        for draft in self._folder.glob(f"*{DRAFT_SUFFIX}"):
            with suppress(FileNotFoundError):
                if time.time() - draft.stat().st_mtime > _DRAFT_SECONDS:
                    draft.unlink()

    def _begin_segment(self) -> None:
        name = f"{time.time_ns():020d}-{os.getpid()}-{uuid4().hex[:8]}{SUFFIX}"
        self._own.append(Segment.create(self._folder / name, self._key))
        self._is_writable = True

    def _drop(self, segment: Segment) -> None:
        if segment.path in self._spoilt:
            segment.set_aside(self._folder / SET_ASIDE)
        else:
            segment.remove()
