"""Who may touch the encrypted folders and keys at a time; used by `releasing`, `rotation` and `access`.

The locks belong to the database session, not to a transaction: rows that say a key is used must be there before it is,
whatever happens to the work afterwards. A killed process loses its session, and with it its lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

_FOLDERS = "auditune.registry.folders"


@contextmanager
def changing_folders(conn: psycopg.Connection) -> Iterator[None]:
    """Waits until nobody else changes or reads the folders, and keeps others waiting."""
    with _held(conn, "", _FOLDERS):
        yield


@contextmanager
def reading_folders(conn: psycopg.Connection) -> Iterator[None]:
    """Waits until nobody changes the folders, and keeps those who want to waiting."""
    with _held(conn, "_shared", _FOLDERS):
        yield


@contextmanager
def _held(conn: psycopg.Connection, kind: str, name: str) -> Iterator[None]:
    conn.execute(f"select pg_advisory_lock{kind}(hashtext(%s))", (name,))
    try:
        yield
    finally:
        if not conn.broken:  # then the lock is gone with the session
            conn.execute(f"select pg_advisory_unlock{kind}(hashtext(%s))", (name,))
