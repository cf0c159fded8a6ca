"""One record of a log file, as bytes. Made by `records.py` and `csvlog.py`."""

from dataclasses import dataclass

MAX_RECORD_BYTES = 16 * 1024 * 1024  # no question is longer; what is, must not fill the memory
SHOWN_BYTES = 1024  # what is kept of a record that is too long, and what a record is known again by


@dataclass(frozen=True)
class Record:
    """One record of a file.

    Attributes:
        offset: Where it starts in the file's decompressed text.
        end: Where it ends, line break included.
        content: Its bytes without the line break; the first ones only where it is too long.
        is_finished: It ends with a line break; only the last one of a file that is whole does not.
        is_too_long: It is longer than MAX_RECORD_BYTES.
    """

    offset: int
    end: int
    content: bytes
    is_finished: bool = True
    is_too_long: bool = False
