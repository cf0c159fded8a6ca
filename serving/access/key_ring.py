"""The keys of a running API: all of them, read again every two seconds by a thread of its own.

A request never waits for the database. A revoked key is out within seconds; while the database is away the keys that
are known go on, and nobody else is let in.
"""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
import structlog
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from serving.access.caller import ANYONE, Caller
from serving.access.errors import KeyInvalid, KeyMissing, KeysUnavailable, TooManyRequests
from serving.access.keys import SCOPES, Key, hash_token, is_key, read_key_id
from serving.access.rate_limit import TokenBucket

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 2.0

_KEYS = (Path(__file__).parent / "read_keys.sql").read_text()
_NO_KEY = Key(key_id="", token_hash=hash_token(""), scopes=frozenset(), is_revoked=True)


class KeyRing:
    """Lets callers in by their keys."""

    def __init__(self, read: Callable[[], Sequence[Key]], *, is_required: bool, own_token: str | None = None):
        """Prepare without reading.

        Args:
            read: Reads every key there is, revoked ones too.
            is_required: Nobody is let in without a key, even where none was ever made.
            own_token: A key beside those of the database, from the settings; with one a key is always required.
        """
        self._read = read
        self._is_required = is_required or own_token is not None
        self._own = _own_key(own_token)
        self._keys: dict[str, Key] | None = None
        self._is_stale = True
        self._buckets: dict[str, TokenBucket] = {}
        self._is_closing = threading.Event()
        self._reader = threading.Thread(target=self._read_until_closed, name="key-ring", daemon=True)

    def open(self) -> None:
        """Read the keys, and go on reading them."""
        self.refresh()
        self._reader.start()

    def close(self) -> None:
        """Stop reading."""
        self._is_closing.set()
        self._reader.join()

    def authenticate(self, token: str | None) -> Caller:
        """Find out who asks. Called by one thread, that of the event loop.

        Args:
            token: The key that the request carries, if any.

        Raises:
            KeyMissing: A key is required.
            KeyInvalid: It is unknown or revoked.
            KeysUnavailable: It may be valid, but the keys cannot be read now.
            TooManyRequests: Its rate is used up.
        """
        if self._own is not None and is_key(token or "", self._own):
            return Caller.with_key(self._own)
        if self._keys is None:
            raise KeysUnavailable
        if not self._keys and not self._is_required:
            return ANYONE  # whatever the client sends: some send a key because they must
        if token is None:
            raise KeyMissing
        key = self._keys.get(read_key_id(token), _NO_KEY)
        if not is_key(token, key) or key.is_revoked:
            raise KeysUnavailable if self._is_stale and key is _NO_KEY else KeyInvalid
        self._take(key)
        return Caller.with_key(key)

    def refresh(self) -> None:
        """Read the keys now; where that fails, keep those that are known."""
        try:
            self._keys = {key.key_id: key for key in self._read()}
            self._is_stale = False
        except psycopg.Error as error:
            if not self._is_stale or self._keys is None:
                log.warning("the keys cannot be read", error_class=type(error).__name__)
            self._is_stale = True

    def _take(self, key: Key) -> None:
        if key.requests_per_minute is None:
            return
        now = time.monotonic()
        bucket = self._buckets.get(key.key_id)
        if bucket is None or bucket.per_minute != key.requests_per_minute:
            bucket = self._buckets[key.key_id] = TokenBucket(key.requests_per_minute, now)
        wait_seconds = bucket.take(now)
        if wait_seconds > 0:
            raise TooManyRequests(wait_seconds)

    def _read_until_closed(self) -> None:
        while not self._is_closing.wait(REFRESH_SECONDS):
            self.refresh()


def read_keys(pool: ConnectionPool, reader_role: str) -> list[Key]:
    """Read every key, and what is wrong with the role of each.

    Args:
        pool: Connections of auditune_api.
        reader_role: The role that fetches rows; it has to be able to become each key's role.

    Raises:
        psycopg.Error: The table cannot be read.
    """
    with pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_KEYS, {"reader_role": reader_role}).fetchall()
    return [
        Key(
            key_id=row["key_id"],
            token_hash=row["token_hash"],
            scopes=frozenset(row["scopes"]),
            requests_per_minute=row["requests_per_minute"],
            database_role=row["database_role"],
            role_problem=row["role_problem"],
            is_revoked=row["revoked_at"] is not None,
        )
        for row in rows
    ]


def _own_key(token: str | None) -> Key | None:
    return None if token is None else Key("environment", hash_token(token), frozenset(SCOPES))
