"""A snapshot of pg_stat_statements, for how often each statement ran. Called by the asset `raw_audit/stat_statements`.

The counters grow from snapshot to snapshot, start anew after a reset, and vanish where the server forgets a statement:
`stg_audit__stat_statements` makes calls out of them. They hold no text.
"""

from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

_CAPTURE = (Path(__file__).parent / "capture_stat_statements.sql").read_text()


@dataclass(frozen=True)
class Capture:
    """How many counters were stored; and where there are none, the sentence that says why and what to do."""

    counters: int
    missing: str | None = None


def capture(connection: psycopg.Connection) -> Capture:
    """Stores the present counters of this database, without those of our own roles.

    Args:
        connection: Of role auditune_owner, in autocommit mode.

    Returns:
        What was stored. The counters are optional, so a server without them is no error.
    """
    schema, reads_all = connection.execute(
        "select (select extnamespace::regnamespace::text from pg_extension where extname = 'pg_stat_statements'),"
        " pg_has_role('pg_read_all_stats', 'usage')"
    ).fetchone()
    if schema is None:
        return Capture(
            0,
            "The server has no extension pg_stat_statements, so how often statements run is counted from the log "
            "alone: add it to shared_preload_libraries, restart the server and run set-up again.",
        )
    if not reads_all:
        return Capture(
            0,
            "auditune_owner may not read other roles' counters: as a superuser, run "
            "`grant pg_read_all_stats to auditune_owner`.",
        )
    try:
        stored = connection.execute(sql.SQL(_CAPTURE).format(extension_schema=sql.Identifier(schema)))
    except psycopg.errors.ObjectNotInPrerequisiteState:
        return Capture(
            0,
            "The extension pg_stat_statements is installed but not loaded: add it to shared_preload_libraries and "
            "restart the server.",
        )
    return Capture(stored.rowcount)
