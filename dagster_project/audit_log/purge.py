"""Deletes old lines of the raw log, which hold people's values in clear. Called by the asset `raw_audit/log_files`."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg

_PURGE = (Path(__file__).parent / "purge.sql").read_text()


@dataclass(frozen=True)
class PurgeResult:
    """What was deleted: lines, lines in quarantine, counters of statements, notes on a service's files.

    And of how many sessions and files the lines were.
    """

    lines: int
    quarantined: int
    sessions: int
    files: int
    counters: int
    remote_logs: int


def purge(connection: psycopg.Connection, today: date, days: int) -> PurgeResult:
    """Deletes what is older than a number of days, once dbt has read it.

    Args:
        connection: Of role auditune_owner, in autocommit mode.
        today: The present day (UTC).
        days: How many days before it a line is kept.

    Returns:
        What was deleted; a second time on a day, nothing.
    """
    first_kept = today - timedelta(days=days)
    return PurgeResult(*connection.execute(_PURGE, {"first_kept": first_kept}).fetchone())
