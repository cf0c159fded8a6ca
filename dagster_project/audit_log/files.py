"""Log files as they lie on a disk: plain or compressed, and rotated while they are read. Called by `sources.py`.

A file is opened once: what is read later comes from the same file, whatever has its name by then. Offsets are those of
the decompressed text.
"""

import gzip
import io
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import zstandard

from dagster_project.audit_log.errors import AuditLogError
from dagster_project.audit_log.record import MAX_RECORD_BYTES
from dagster_project.audit_log.records import tell_format

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_CHUNK_BYTES = 1 << 16  # a log shrinks a hundredfold: 64 kB are a few MB of text
_BEGINNING_BYTES = 1 << 16  # where the first whole line is looked for
_SETTLED_S = 60  # an archive that was written to within the last minute may not be finished
_BROKEN_ARCHIVE = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)
_TRAILER_BYTES = 16  # the end of an archive, which holds the text's checksum


class FileLog:
    """A log file that can be opened by name.

    Attributes:
        name: Its name, without the folder.
        address: How it is named in an error.
    """

    def __init__(self, path: Path) -> None:
        self.name, self.address, self._path = path.name, str(path), path

    @contextmanager
    def open(self) -> Iterator["OpenFile | None"]:
        """Opens it; None where it is gone (rotated a moment ago) or holds no complete line yet.

        Raises:
            AuditLogError: It may not be read, or is a broken archive.
        """
        try:
            raw = self.open_raw()
        except FileNotFoundError:
            yield None
            return
        except PermissionError as error:
            raise AuditLogError(
                f"{self.address} may not be read by this account: run as an account of the group that owns the log "
                "(log_file_mode = 0640 on the server), or copy the files to where it may read."
            ) from error
        with raw:
            is_open = False
            try:
                file = OpenFile(self.name, raw)
                is_open = True
                yield file if file.first_lines else None
            except _BROKEN_ARCHIVE as error:
                if self.is_settled(raw):
                    raise AuditLogError(
                        f"{self.address} is a broken archive: restore or remove it; what was read before is kept."
                    ) from error
                if not is_open:  # it is being compressed at this moment: the next run reads on
                    yield None

    def open_raw(self) -> BinaryIO:
        """Opens the file's own bytes."""
        return self._path.open("rb")

    def is_settled(self, raw: BinaryIO) -> bool:
        """Tells whether nobody is writing to it; a log is compressed within moments."""
        return time.time() - os.fstat(raw.fileno()).st_mtime > _SETTLED_S


class OpenFile:
    """A log file that is open.

    Attributes:
        name: Its name, without the folder.
        first_lines: Its first complete lines, up to the first one of a known format; none where there is none yet.
        is_whole: It is compressed: nothing is appended to it.
        archive: What a compressed file is known by, so that it need not be decompressed again.
    """

    def __init__(self, name: str, raw: BinaryIO) -> None:
        self.name, self._raw = name, raw
        self._magic = raw.read(4)
        self.is_whole = self._magic.startswith(_GZIP) or self._magic == _ZSTD
        self.archive = _fingerprint(raw) if self.is_whole else None
        self.first_lines = first_lines_of(self.read_from(0), is_whole=self.is_whole)

    def read_from(self, start: int) -> BinaryIO:
        """Returns a reader of the decompressed text from an offset on; at its end where the text is shorter."""
        self._raw.seek(0)
        if self._magic.startswith(_GZIP):
            text = gzip.GzipFile(fileobj=self._raw)
        elif self._magic == _ZSTD:
            text = io.BufferedReader(_ZstdFrames(self._raw), _CHUNK_BYTES)
        else:
            self._raw.seek(start)
            return self._raw
        skip(text, start)
        return text

    def is_unchanged(self) -> bool:
        """Tells whether the file still starts as it did; if not, it was emptied and is being written anew."""
        if self.is_whole:
            return True
        place = self._raw.tell()
        self._raw.seek(0)
        start = b"".join(self.first_lines)
        is_same = self._raw.read(len(start)) == start
        self._raw.seek(place)
        return is_same


def first_lines_of(text: BinaryIO, *, is_whole: bool) -> list[bytes]:
    """Reads the first complete lines of a log, up to the first one that tells its format.

    Args:
        text: It, at its start.
        is_whole: Nothing will be appended, so an unfinished line is a line too.
    """
    lines: list[bytes] = []
    while sum(map(len, lines)) < _BEGINNING_BYTES and (line := text.readline(MAX_RECORD_BYTES)):
        if not (line.endswith(b"\n") or is_whole or len(line) == MAX_RECORD_BYTES):
            break
        lines.append(line)
        if tell_format(line):
            break
    return lines


def skip(text: BinaryIO, count: int) -> None:
    """Reads over some bytes."""
    while count > 0 and (chunk := text.read(min(count, _CHUNK_BYTES))):
        count -= len(chunk)


def _fingerprint(raw: BinaryIO) -> str:
    size = raw.seek(0, os.SEEK_END)
    raw.seek(max(0, size - _TRAILER_BYTES))
    return f"{size}:{raw.read(_TRAILER_BYTES).hex()}"


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
