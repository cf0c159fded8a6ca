"""Log files as they lie on a disk: plain or compressed, and the same file under whatever name. Called by `ingest.py`.

A rotated log changes its name, and is often compressed later. What stays is its first line, which holds the moment and
the session: a file is known by that line's hash, and its offsets are those of its decompressed text.
"""

import gzip
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from dagster_project.audit_log.errors import AuditLogError

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_CHUNK_BYTES = 1 << 16  # a log shrinks a hundredfold: 64 kB are a few MB of text


@dataclass(frozen=True)
class LogFile:
    """A file with at least one complete line.

    Attributes:
        path: Where it lies.
        first_line: Its first line, line break included.
        is_compressed: Whether it is gzip or zstd; such a file is whole, nothing is appended to it.
    """

    path: Path
    first_line: bytes
    is_compressed: bool

    @property
    def head(self) -> str:
        """What the file is known by: the hash of its first line, 64 hex digits."""
        return hashlib.sha256(self.first_line).hexdigest()


def look_into(path: Path) -> LogFile | None:
    """Reads a file's first line.

    Args:
        path: The file.

    Returns:
        The file; None where it holds no complete line yet.

    Raises:
        AuditLogError: It may not be read, or is a broken archive.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except PermissionError as error:
        raise AuditLogError(
            f"{path} may not be read by this account: run as an account of the group that owns the log "
            "(log_file_mode = 0640 on the server), or copy the files to where it may read."
        ) from error
    with opened(path) as file:
        first_line = file.readline()
    is_compressed = magic.startswith(_GZIP) or magic == _ZSTD
    if not first_line or not (first_line.endswith(b"\n") or is_compressed):
        return None
    return LogFile(path, first_line, is_compressed)


@contextmanager
def opened(path: Path, start: int = 0) -> Iterator[BinaryIO]:
    """Opens a file's decompressed text at an offset.

    Args:
        path: The file; gzip and zstd are told by their first bytes, not by their name.
        start: Offset in the decompressed text.

    Yields:
        A reader of bytes; at its end where the text is shorter.

    Raises:
        AuditLogError: It is a broken archive.
    """
    with path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        try:
            if magic.startswith(_GZIP):
                with gzip.GzipFile(fileobj=raw) as text:
                    _skip(text, start)
                    yield text
            elif magic == _ZSTD:
                with io.BufferedReader(_ZstdFrames(raw), _CHUNK_BYTES) as text:
                    _skip(text, start)
                    yield text
            else:
                raw.seek(start)
                yield raw
        except (EOFError, gzip.BadGzipFile, zstandard.ZstdError) as error:
            raise AuditLogError(
                f"{path} is a broken archive: restore or remove it; what was read before is kept."
            ) from error


def _skip(text: BinaryIO, count: int) -> None:
    while count > 0 and (chunk := text.read(min(count, _CHUNK_BYTES))):
        count -= len(chunk)


class _ZstdFrames(io.RawIOBase):
    """The text of one or more zstd frames (parallel compressors write several); one that is cut off is an error.

    The library's own reader takes the cut for the end, and the lines behind it would be lost unseen.
    """

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._text = raw, b""
        self._frame = None  # the frame in work; None between frames

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:
        """Fills the buffer as far as there is text; 0 at the end."""
        while not self._text:
            compressed = self._raw.read(_CHUNK_BYTES)
            if not compressed:
                if self._frame is not None:
                    raise zstandard.ZstdError("the last frame is cut off")
                return 0
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._text = self._frame.decompress(compressed)
            if self._frame.eof:
                self._raw.seek(-len(self._frame.unused_data), io.SEEK_CUR)  # the next frame starts there
                self._frame = None
        count = min(len(buffer), len(self._text))
        buffer[:count], self._text = self._text[:count], self._text[count:]
        return count
