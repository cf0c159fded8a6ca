"""What the registry knows about an adapter, read from raw_training.adapters; used by every other registry module."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import class_row

CHAMPION = "champion"  # what the API serves
CHALLENGER = "challenger"  # what the gate judged last

_SELECT = """
    select adapter_id, created_at, run_id, base_model, dataset_hash, catalog_hash, content_hash, path,
           is_encrypted, key_id, metrics
    from raw_training.adapters
"""


class RegistryError(Exception):
    """The registry cannot do what was asked; the message says what to do."""


@contextmanager
def told_in_a_sentence(home: Path) -> Iterator[None]:
    """Turn a full disk, or a folder of another owner, into a RegistryError."""
    try:
        yield
    except OSError as error:
        raise RegistryError(
            f"The adapters below {home} cannot be written ({error.strerror}): free some disk space, or check the "
            "folder's owner. Nothing is lost: the same command goes on."
        ) from error


@dataclass(frozen=True)
class AdapterRecord:
    """One released adapter: a row of raw_training.adapters.

    Attributes:
        adapter_id: First 12 hex digits of `content_hash`.
        path: Folder of the encrypted adapter, relative to AUDITUNE_HOME.
        key_id: Wrapping key that encrypted it.
        metrics: Evaluation numbers given at release.
    """

    adapter_id: str
    created_at: datetime
    run_id: str
    base_model: str
    dataset_hash: str
    catalog_hash: str
    content_hash: str
    path: str
    is_encrypted: bool
    key_id: str
    metrics: dict[str, Any]


def get_adapter(conn: psycopg.Connection, adapter_id: str) -> AdapterRecord:
    """Read one adapter's row.

    Raises:
        RegistryError: No such adapter.
    """
    record = find_adapter(conn, adapter_id)
    if record is None:
        raise RegistryError(
            f"Adapter {adapter_id!r} is not in the registry: `python -m training registry list` shows what is."
        )
    return record


def find_adapter(conn: psycopg.Connection, adapter_id: str) -> AdapterRecord | None:
    """Read one adapter's row, or None."""
    with conn.cursor(row_factory=class_row(AdapterRecord)) as cursor:
        return cursor.execute(_SELECT + " where adapter_id = %s", (adapter_id,)).fetchone()


def list_adapters(conn: psycopg.Connection) -> list[AdapterRecord]:
    """Read all adapters, newest first."""
    with conn.cursor(row_factory=class_row(AdapterRecord)) as cursor:
        return cursor.execute(_SELECT + " order by created_at desc, adapter_id").fetchall()


def record_key_use(conn: psycopg.Connection, *, key_id: str, operation: str, adapter_id: str, used_by: str) -> None:
    """Write the row that says a key was used; `operation` is `encrypt` or `decrypt`."""
    conn.execute(
        "insert into raw_training.key_uses (key_id, operation, adapter_id, used_by) values (%s, %s, %s, %s)",
        (key_id, operation, adapter_id, used_by),
    )
