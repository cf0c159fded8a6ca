"""Decrypt a released adapter for the time it is needed, and verify one; called by the API, evaluation and the CLI."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from training.registry import bundle
from training.registry.folders import ENCRYPTED_FILE, changed_beside
from training.registry.locks import reading_folders
from training.registry.records import AdapterRecord, RegistryError, get_adapter, record_key_use
from training.vault import vault_of_key

_PREFIX = "auditune-adapter-"
_SECONDS_TO_LOCK = 60  # a folder that is younger may be one whose process has not locked it yet


@contextmanager
def load(
    conn: psycopg.Connection, record: AdapterRecord, home: Path, *, used_by: str, within: Path | None = None
) -> Iterator[Path]:
    """Decrypt an adapter into a private folder (mode 0700) that is deleted when the context ends.

    The key's use is recorded before the key is used, so no decryption goes without its row.

    Args:
        conn: Autocommit connection that may insert into raw_training.key_uses.
        record: The adapter's row.
        home: AUDITUNE_HOME.
        used_by: Who decrypts, for the row.
        within: Folder to put the private folder in, in memory for instance; None takes the system's temporary one.

    Yields:
        Folder with `adapter/`, `run.json` and `catalog.json`.

    Raises:
        RegistryError: The decrypted content is not the released one.
        VaultError: The file was changed, or the key is missing.
    """
    with _private_folder(within or Path(tempfile.gettempdir())) as folder:
        with reading_folders(conn):
            # Read again: since the caller read it, a rotation may have moved it under another key.
            decrypt(conn, get_adapter(conn, record.adapter_id), home, folder, used_by=used_by)
        yield folder


@contextmanager
def _private_folder(within: Path) -> Iterator[Path]:
    """Gives a folder for an adapter in clear, and deletes those that killed processes left behind."""
    for leftover in within.glob(f"{_PREFIX}*"):
        _remove_unused(leftover)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=within) as name:  # created with mode 0700
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # says that it is in use; a kill lets go of it
            yield Path(name)
        finally:
            os.close(descriptor)


def _remove_unused(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return  # another user's, or gone meanwhile
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if time.time() - os.fstat(descriptor).st_mtime > _SECONDS_TO_LOCK:
            shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return  # in use
    finally:
        os.close(descriptor)


def decrypt(conn: psycopg.Connection, record: AdapterRecord, home: Path, folder: Path, *, used_by: str) -> None:
    """Decrypt an adapter into a folder, recorded and verified; the caller holds a lock on the folders.

    Args:
        conn: Autocommit connection that may insert into raw_training.key_uses.
        record: The adapter's row, read under that lock.
        home: AUDITUNE_HOME.
        folder: Existing private folder to fill.
        used_by: Who decrypts, for the row.

    Raises:
        RegistryError: The decrypted content is not the released one.
        VaultError: The file was changed, or the key is missing.
    """
    vault = vault_of_key(home, record.key_id)
    record_key_use(conn, key_id=record.key_id, operation="decrypt", adapter_id=record.adapter_id, used_by=used_by)
    vault.decrypt_folder(home / record.path / ENCRYPTED_FILE, folder, {"content_hash": record.content_hash})
    if bundle.content_hash(folder) != record.content_hash:
        raise RegistryError(f"Adapter {record.adapter_id} does not hold what was released: release it again.")


def verify(conn: psycopg.Connection, adapter_id: str, home: Path, *, used_by: str) -> AdapterRecord:
    """Prove that a released adapter can be decrypted, holds what was released, and that nothing beside it was changed.

    Returns:
        The adapter's row.

    Raises:
        RegistryError: No such adapter, or its content, its manifest or a report of the gate differs.
        VaultError: The file was changed, or the key is missing.
    """
    with _private_folder(Path(tempfile.gettempdir())) as folder, reading_folders(conn):
        record = get_adapter(conn, adapter_id)
        decrypt(conn, record, home, folder, used_by=used_by)
        changed = changed_beside(home, record, bundle.manifest(vars(record), record.content_hash, folder))
    if changed is not None:
        raise RegistryError(f"{changed} was changed since it was written: restore it from a backup.")
    return record
