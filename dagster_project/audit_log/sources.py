"""Where the log is: what the entries of AUDITUNE_AUDIT_LOGS stand for. Called by `ingest.py`.

An entry is a file, a glob, `rds://INSTANCE?region=REGION`, `rds-cluster://CLUSTER?region=REGION` (Aurora: each instance
of the cluster), or `server://`: the connected server's own log, read through SQL.
"""

import glob
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import psycopg

from dagster_project.audit_log.errors import AuditLogError
from dagster_project.audit_log.files import FileLog
from dagster_project.audit_log.rds import find_rds_logs, is_rds
from dagster_project.audit_log.server_log import OWN_LOG, find_server_logs


class OpenLog(Protocol):
    """A log file that is open; the attributes are those of `files.OpenFile`."""

    name: str
    first_lines: list[bytes]
    is_whole: bool
    archive: str | None

    def read_from(self, start: int) -> BinaryIO:
        """Returns a reader of the decompressed text from an offset on."""

    def is_unchanged(self) -> bool:
        """Tells whether the file still starts as it did."""


class Log(Protocol):
    """A log file, wherever it lies; `open` gives None where it is gone, or has nothing new."""

    def open(self) -> AbstractContextManager[OpenLog | None]:
        """Opens it."""


@dataclass(frozen=True)
class FoundLogs:
    """The log files of all entries, the oldest first; sentences about what is left out, and about what goes wrong."""

    logs: tuple[Log, ...]
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def find_logs(connection: psycopg.Connection, entries: tuple[str, ...]) -> FoundLogs:
    """Finds the log files that the entries stand for.

    Args:
        connection: Of role auditune_owner, to the server whose own log `server://` is.
        entries: Files, globs and addresses.

    Raises:
        AuditLogError: There is no entry.
    """
    if not entries:
        raise AuditLogError("AUDITUNE_AUDIT_LOGS names no file: point it at the server's jsonlog or csvlog files.")
    logs: list[Log] = []
    notes: list[str] = []
    problems: list[str] = []
    patterns = [entry for entry in entries if entry != OWN_LOG and not is_rds(entry)]
    for pattern in patterns:
        if not _matches(pattern):
            problems.append(
                f"No log file matches {pattern}: point AUDITUNE_AUDIT_LOGS at the server's jsonlog or csvlog files."
            )
    logs += [FileLog(path) for path in _oldest_first(patterns)]
    for entry in entries:
        try:
            if is_rds(entry):
                found, skipped = find_rds_logs(connection, entry)
                logs += found
                notes += skipped
            elif entry == OWN_LOG:
                logs += find_server_logs(connection)
        except AuditLogError as error:
            problems.append(str(error))
    return FoundLogs(tuple(logs), tuple(notes), tuple(problems))


def find_log_files(patterns: tuple[str, ...]) -> list[Path]:
    """Returns the files on this machine that the patterns name, the oldest first."""
    return _oldest_first(patterns)


def _matches(pattern: str) -> list[Path]:
    return [path for path in map(Path, glob.glob(pattern, recursive=True)) if path.is_file()]


def _oldest_first(patterns: list[str] | tuple[str, ...]) -> list[Path]:
    ages: dict[Path, float] = {}
    for path in {path for pattern in patterns for path in _matches(pattern)}:
        with suppress(FileNotFoundError):  # rotated away at this moment
            ages[path] = path.stat().st_mtime
    return sorted(ages, key=lambda path: (ages[path], path.name))
