"""Where an alias such as `champion` points, and how it moves; called by the release asset, the API and the CLI.

Moves are rows that are only added: the newest row of an alias is where it points, the older ones are its history.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from training.registry.records import CHAMPION, AdapterRecord, RegistryError, find_adapter, get_adapter

_ALIAS = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_ADAPTER_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class AliasMove:
    """One move of an alias: a row of raw_training.adapter_aliases."""

    alias: str
    adapter_id: str
    set_at: datetime
    set_by: str
    reason: str


def history(conn: psycopg.Connection, alias: str = CHAMPION) -> list[AliasMove]:
    """Read all moves of an alias, oldest first."""
    with conn.cursor(row_factory=class_row(AliasMove)) as cursor:
        return cursor.execute(
            "select alias, adapter_id, set_at, set_by, reason from raw_training.adapter_aliases "
            "where alias = %s order by alias_event_id",
            (alias,),
        ).fetchall()


def resolve(conn: psycopg.Connection, alias: str = CHAMPION) -> AdapterRecord:
    """Return the adapter that an alias points to.

    Raises:
        RegistryError: The alias points nowhere yet.
    """
    moves = history(conn, alias)
    if not moves:
        raise RegistryError(
            f"No adapter is {alias} yet: run the pipeline (`make run`), or "
            "`python -m training registry promote ADAPTER_ID --reason WHY`."
        )
    return get_adapter(conn, moves[-1].adapter_id)


def list_aliases(conn: psycopg.Connection) -> dict[str, str]:
    """Read where each alias points: its name and an adapter id."""
    rows = conn.execute(
        "select distinct on (alias) alias, adapter_id from raw_training.adapter_aliases "
        "order by alias, alias_event_id desc"
    )
    return dict(rows.fetchall())


def moves_of(conn: psycopg.Connection, adapter_id: str) -> list[AliasMove]:
    """Read the moves of all aliases to an adapter, oldest first."""
    with conn.cursor(row_factory=class_row(AliasMove)) as cursor:
        return cursor.execute(
            "select alias, adapter_id, set_at, set_by, reason from raw_training.adapter_aliases "
            "where adapter_id = %s order by alias_event_id",
            (adapter_id,),
        ).fetchall()


def find(conn: psycopg.Connection, name: str) -> AdapterRecord:
    """Return the adapter that has an id, or that an alias points to.

    Raises:
        RegistryError: There is neither.
    """
    record = find_adapter(conn, name)
    if record is None:
        moves = history(conn, name)
        record = get_adapter(conn, moves[-1].adapter_id if moves else name)
    return record


def promote(
    conn: psycopg.Connection, adapter_id: str, *, alias: str = CHAMPION, set_by: str, reason: str
) -> AdapterRecord:
    """Point an alias to an adapter. Where it points there already, nothing is written.

    Args:
        conn: Autocommit connection of the owner role.
        adapter_id: The adapter.
        alias: `champion`, `challenger` or any other name that is not shaped like an adapter's id.
        set_by: Who moves it.
        reason: Why; kept with the move.

    Returns:
        The adapter's row.

    Raises:
        RegistryError: No such adapter, or no such name for an alias.
    """
    if not _ALIAS.fullmatch(alias) or _ADAPTER_ID.fullmatch(alias):
        raise RegistryError(
            f"{alias!r} cannot be an alias: take lower-case letters, digits, dots and dashes, and not an adapter's id."
        )
    with conn.transaction():
        _lock_aliases(conn)
        record = get_adapter(conn, adapter_id)
        moves = history(conn, alias)
        if not moves or moves[-1].adapter_id != adapter_id:
            _move(conn, alias, adapter_id, set_by, reason)
    return record


def rollback(conn: psycopg.Connection, *, alias: str = CHAMPION, set_by: str, reason: str) -> AdapterRecord:
    """Point an alias back to the adapter it held before the present one came.

    Returns:
        The adapter that the alias points to now.

    Raises:
        RegistryError: There is no earlier one.
    """
    with conn.transaction():
        _lock_aliases(conn)
        target = previous([move.adapter_id for move in history(conn, alias)])
        if target is None:
            raise RegistryError(
                f"{alias} has no earlier adapter to return to: "
                "`python -m training registry promote ADAPTER_ID --reason WHY` names one."
            )
        _move(conn, alias, target, set_by, reason)
        return get_adapter(conn, target)


def previous(adapter_ids: Sequence[str]) -> str | None:
    """Decide where a rollback leads: to what the alias held when the present adapter first came.

    Going by the first arrival makes repeated rollbacks walk back in time instead of swapping the last two.

    Args:
        adapter_ids: What the alias pointed to, oldest first.

    Returns:
        An adapter id, or None where the present one was the first.
    """
    if not adapter_ids:
        return None
    first_arrival = adapter_ids.index(adapter_ids[-1])
    return adapter_ids[first_arrival - 1] if first_arrival else None


def _lock_aliases(conn: psycopg.Connection) -> None:
    """Let one move at a time decide from the history."""
    conn.execute("select pg_advisory_xact_lock(hashtext('auditune.registry.alias'))")


def _move(conn: psycopg.Connection, alias: str, adapter_id: str, set_by: str, reason: str) -> None:
    conn.execute(
        "insert into raw_training.adapter_aliases (alias, adapter_id, set_by, reason) values (%s, %s, %s, %s)",
        (alias, adapter_id, set_by, reason),
    )
