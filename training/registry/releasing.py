"""Release an adapter: bundle, hash, encrypt, put in its place, then write its row; called by the release asset.

A kill at any moment leaves either no row, and the next release starts again, or a row whose folder is whole:
the folder is built beside its place, synced and renamed, and the row comes last.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from training.registry import bundle
from training.registry.records import RegistryError, find_adapter, record_key_use
from training.vault import Vault, open_vault

ENCRYPTED_FILE = "adapter.enc"
MANIFEST_FILE = "manifest.json"
_WORKSPACE_PREFIX = ".release-"


def release(
    conn: psycopg.Connection,
    *,
    run_dir: Path,
    dataset_dir: Path,
    home: Path,
    metrics: Mapping[str, Any],
    used_by: str,
    kms_key_arn: str | None = None,
) -> str:
    """Encrypt the adapter of a finished run into `<home>/adapters/<adapter_id>/` and enter it in the registry.

    The same content released again changes nothing and returns the same id; a folder that was lost is written again.

    Args:
        conn: Autocommit connection of the owner role.
        run_dir: Folder of the run (adapter/, run.json).
        dataset_dir: Folder of its dataset (catalog.json).
        home: AUDITUNE_HOME.
        metrics: Numbers to keep with the adapter, as JSON.
        used_by: Who releases, for the row of the key's use.
        kms_key_arn: KMS key to wrap with; None takes the local key file.

    Returns:
        The adapter's id.

    Raises:
        RegistryError: The run is not finished, or a file is missing.
        VaultError: The key cannot be used.
    """
    adapters = home / "adapters"
    adapters.mkdir(mode=0o700, parents=True, exist_ok=True)
    with conn.transaction():
        # One release at a time: two of the same content would otherwise replace each other's folder.
        conn.execute("select pg_advisory_xact_lock(hashtext('auditune.registry.release'))")
        _remove_leftovers(adapters)
        with tempfile.TemporaryDirectory(prefix=_WORKSPACE_PREFIX, dir=adapters) as workspace:
            content = Path(workspace) / "content"
            bundle.assemble(run_dir, dataset_dir, content)
            run = bundle.read_run(content)
            content_hash = bundle.content_hash(content)
            adapter_id = content_hash[:12]
            place = adapters / adapter_id

            known = find_adapter(conn, adapter_id)
            if known is not None and known.content_hash != content_hash:
                raise RegistryError(
                    f"Adapter id {adapter_id} is taken by other content: train again with another seed."
                )
            if known is not None and (place / ENCRYPTED_FILE).is_file():
                return adapter_id

            vault = open_vault(home, kms_key_arn=kms_key_arn)
            record_key_use(conn, key_id=vault.key_id, operation="encrypt", adapter_id=adapter_id, used_by=used_by)
            staged = Path(workspace) / "staged"
            _encrypt(vault, content, staged, run, content_hash)
            _put_in_place(staged, place)
            _write_row(conn, run, content_hash, f"adapters/{adapter_id}", vault.key_id, metrics)
    return adapter_id


def _remove_leftovers(adapters: Path) -> None:
    """Delete what a killed release left in clear; under the lock, none of them can be in use."""
    for leftover in adapters.glob(f"{_WORKSPACE_PREFIX}*"):
        shutil.rmtree(leftover)


def _encrypt(vault: Vault, content: Path, staged: Path, run: Mapping[str, Any], content_hash: str) -> None:
    staged.mkdir(mode=0o700)
    vault.encrypt_folder(content, staged / ENCRYPTED_FILE, {"content_hash": content_hash})
    manifest = {
        "adapter_id": content_hash[:12],
        "content_hash": content_hash,
        "key_id": vault.key_id,
        "files": list(bundle.BUNDLE_FILES),
        **{key: run[key] for key in ("run_id", "base_model", "dataset_hash", "catalog_hash")},
    }
    with (staged / MANIFEST_FILE).open("w") as file:
        json.dump(manifest, file, indent=2, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(staged)


def _put_in_place(staged: Path, place: Path) -> None:
    """Move the finished folder to its place; a folder already there has no whole release behind it."""
    if place.exists():
        shutil.rmtree(place)
    staged.rename(place)
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_row(
    conn: psycopg.Connection,
    run: Mapping[str, Any],
    content_hash: str,
    path: str,
    key_id: str,
    metrics: Mapping[str, Any],
) -> None:
    columns = [content_hash[:12], run["run_id"], run["base_model"], run["dataset_hash"], run["catalog_hash"]]
    conn.execute(
        """
        insert into raw_training.adapters
            (adapter_id, run_id, base_model, dataset_hash, catalog_hash, content_hash, path,
             is_encrypted, key_id, metrics)
        values (%s, %s, %s, %s, %s, %s, %s,
                true, %s, %s)
        on conflict (adapter_id) do update set key_id = excluded.key_id
        """,
        [*columns, content_hash, path, key_id, Jsonb(dict(metrics))],
    )
