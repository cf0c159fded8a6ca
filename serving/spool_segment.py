"""One file of the spool: encrypted records behind a header, appended, synced, read in order, removed. Used by `spool`.

    header   8 bytes magic, 16 bytes id of the spool's key, 16 random bytes: the segment's id
    record   4 bytes length of the ciphertext, 8 bytes time (milliseconds since 1970), the ciphertext with its tag

AES-256-GCM. Each segment has a key of its own, derived from the spool's key and the segment's id (HKDF, RFC 5869), and
a record's nonce is its number in the segment. A segment is written by one process and never again after a failed
write, so no nonce is used twice. Header, number and time are authenticated with each record: a record that was moved,
exchanged or cut does not decrypt.
"""

import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_MAGIC = b"AUSPOOL1"
_ID_BYTES = 16
HEADER_BYTES = len(_MAGIC) + 2 * _ID_BYTES
_LENGTH_BYTES, _TIME_BYTES, _TAG_BYTES = 4, 8, 16
_RECORD_BYTES = _LENGTH_BYTES + _TIME_BYTES
SUFFIX, DRAFT_SUFFIX = ".spool", ".draft"


class OtherKey(Exception):
    """The segment was written with a key that is not here."""


@dataclass(frozen=True)
class SpoolKey:
    """The key that segments' keys are derived from.

    Attributes:
        key_id: 16 characters that tell keys apart and give nothing away.
        secret: 32 bytes.
    """

    key_id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class Record:
    """One record: what was stored, and when, in milliseconds since 1970."""

    payload: bytes
    at_ms: int


@dataclass(frozen=True)
class Part:
    """Consecutive records of a segment.

    Attributes:
        records: Those that could be read.
        damaged: Number of those between them that could not.
        is_torn: Whether the last record of a killed process was incomplete, so that nobody was told it was kept.
        taken: How many numbers the part covers.
        end: Offset behind it.
    """

    records: tuple[Record, ...] = ()
    damaged: int = 0
    is_torn: bool = False
    taken: int = 0
    end: int = HEADER_BYTES


def record_bytes(payload: bytes) -> int:
    """Return how much room a payload takes in a segment."""
    return _RECORD_BYTES + len(payload) + _TAG_BYTES


class Segment:
    """A file that this process alone has, by a lock that ends with it. Written by one thread, read by another."""

    def __init__(self, path: Path, descriptor: int, header: bytes, key: SpoolKey):
        """Wraps an open, locked file; use `create` or `adopt`."""
        self.path = path
        self.size = HEADER_BYTES  # bytes of header and whole records
        self.torn_bytes = 0  # bytes behind them, of a record that was being written at a kill
        self.count = 0  # records, read or not
        self.read_count = 0  # records that were read and confirmed
        self._read_offset = HEADER_BYTES
        self._is_adopted = False
        self._descriptor = descriptor
        self._header = header
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=header[-_ID_BYTES:], info=b"auditune spool").derive(key.secret))

    @classmethod
    def create(cls, path: Path, key: SpoolKey) -> Self:
        """Create an empty segment (mode 0600) that survives a power cut.

        Raises:
            OSError: The disk is full or broken, or the name is taken.
        """
        draft = path.with_suffix(DRAFT_SUFFIX)  # it has its name once it is locked: nobody adopts it before
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            header = _header(key)
            _write_all(descriptor, header, 0)
            os.fsync(descriptor)
            os.rename(draft, path)
            _sync_folder(path.parent)
        except OSError:
            draft.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return cls(path, descriptor, header, key)

    @classmethod
    def adopt(cls, path: Path, key: SpoolKey) -> Self | None:
        """Take over what a process has left that lives no more.

        Returns:
            The segment; None where its process lives, or it is gone.

        Raises:
            OtherKey: It was written with another key, or is no segment.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        header = os.pread(descriptor, HEADER_BYTES, 0)
        if os.fstat(descriptor).st_nlink == 0:  # another has emptied and removed it since we opened it
            os.close(descriptor)
            return None
        if len(header) < HEADER_BYTES or header[:-_ID_BYTES] != _header(key)[:-_ID_BYTES]:
            os.close(descriptor)
            raise OtherKey(path.name)
        segment = cls(path, descriptor, header, key)
        segment._is_adopted = True
        segment._measure()
        return segment

    @property
    def unread(self) -> int:
        """Number of records not yet read and confirmed."""
        return self.count - self.read_count

    @property
    def unread_bytes(self) -> int:
        """Their size."""
        return self.size - self._read_offset

    def append(self, payloads: Sequence[bytes], at_ms: int) -> None:
        """Append records; they are on the disk when this returns. After an error the segment must not be written to.

        Raises:
            OSError: The disk is full or broken; none of the records counts.
        """
        parts = []
        for number, payload in enumerate(payloads, start=self.count):
            at = at_ms.to_bytes(_TIME_BYTES, "big")
            ciphertext = self._cipher.encrypt(_nonce(number), payload, self._header + at)
            parts += (len(ciphertext).to_bytes(_LENGTH_BYTES, "big"), at, ciphertext)
        data = b"".join(parts)
        _write_all(self._descriptor, data, self.size)
        os.fdatasync(self._descriptor)
        self.count += len(payloads)
        self.size += len(data)  # from here on the reader sees them

    def read(self, limit: int) -> Part:
        """Read the next records, at most `limit`; `confirm` moves on behind them."""
        records: list[Record] = []
        offset, number, damaged, is_torn = self._read_offset, self.read_count, 0, False
        while offset < self.size and number - self.read_count < limit:
            head = os.pread(self._descriptor, _RECORD_BYTES, offset)
            at, end = head[_LENGTH_BYTES:], offset + _RECORD_BYTES + int.from_bytes(head[:_LENGTH_BYTES], "big")
            ciphertext = os.pread(self._descriptor, end - offset - _RECORD_BYTES, offset + _RECORD_BYTES)
            try:
                payload = self._cipher.decrypt(_nonce(number), ciphertext, self._header + at)
                records.append(Record(payload, int.from_bytes(at, "big")))
            except InvalidTag:
                is_last_written = self._is_adopted and end >= self.size
                is_torn, damaged = is_last_written, damaged + (not is_last_written)
            offset, number = end, number + 1
        return Part(tuple(records), damaged, is_torn, number - self.read_count, offset)

    def confirm(self, part: Part) -> None:
        """Move on behind what `read` returned last."""
        self.read_count += part.taken
        self._read_offset = part.end

    def remove(self) -> None:
        """Delete the file and let go of it."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def set_aside(self, folder: Path) -> None:
        """Move the file to another folder and let go of it."""
        move_aside(self.path, folder)
        os.close(self._descriptor)

    def release(self) -> None:
        """Let go of the file, so that another process may adopt it."""
        os.close(self._descriptor)

    def _measure(self) -> None:
        """Find the end of the last whole record; what follows was being written when the process was killed."""
        file_bytes = os.fstat(self._descriptor).st_size
        while self.size + _RECORD_BYTES <= file_bytes:
            length = int.from_bytes(os.pread(self._descriptor, _LENGTH_BYTES, self.size), "big")
            end = self.size + _RECORD_BYTES + length
            if length < _TAG_BYTES or end > file_bytes:
                break
            self.size, self.count = end, self.count + 1
        self.torn_bytes = file_bytes - self.size


def move_aside(path: Path, folder: Path) -> None:
    """Move a segment to a folder that nothing reads by itself."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileNotFoundError):  # another process was first
        os.replace(path, folder / path.name)


def _header(key: SpoolKey) -> bytes:
    return _MAGIC + key.key_id.encode("ascii") + os.urandom(_ID_BYTES)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of it: the system may take less than it was given, a full disk for one."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
