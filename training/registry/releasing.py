"""Release an adapter: bundle, hash, encrypt, put in its place, then write its row; called by the release asset.

A kill at any moment leaves either no row, and the next release starts again, or a row whose folder is whole:
the folder is built beside its place, synced and renamed, and the row comes last.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from training.registry import bundle
from training.registry.access import decrypt
from training.registry.folders import ENCRYPTED_FILE, encrypt_into, put_in_place, remove_others, workspace
from training.registry.locks import changing_folders
from training.registry.records import (
    AdapterRecord,
    RegistryError,
    find_adapter,
    record_key_use,
    told_in_a_sentence,
)
from training.vault import VaultError, open_vault


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

    The same content released again changes nothing, after a look whether it still opens, and returns the same id; a
    folder that was lost or damaged is written again.

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
        RegistryError: The run is not finished, a file is missing, or the disk is full.
        VaultError: The key cannot be used.
    """
    # One release at a time: two of the same content would otherwise replace each other's folder.
    with told_in_a_sentence(home), changing_folders(conn), workspace(home) as work:
        content = work / "content"
        bundle.assemble(run_dir, dataset_dir, content)
        run = bundle.read_run(content)
        content_hash = bundle.content_hash(content)
        adapter_id = content_hash[:12]

        known = find_adapter(conn, adapter_id)
        if known is not None and known.content_hash != content_hash:
            raise RegistryError(f"Adapter id {adapter_id} is taken by other content: train again with another seed.")
        if known is not None and _is_whole(conn, known, home, work / "known", used_by):
            return adapter_id

        vault = open_vault(home, kms_key_arn=kms_key_arn)
        record_key_use(conn, key_id=vault.key_id, operation="encrypt", adapter_id=adapter_id, used_by=used_by)
        encrypt_into(work / "staged", vault, content, bundle.manifest(run, content_hash, content))
        put_in_place(work / "staged", home / "adapters" / adapter_id)
        _write_row(conn, run, content_hash, f"adapters/{adapter_id}", vault.key_id, metrics)
        remove_others(home, adapter_id, f"adapters/{adapter_id}")  # a damaged one that a rotation wrote
    return adapter_id


def _is_whole(conn: psycopg.Connection, record: AdapterRecord, home: Path, folder: Path, used_by: str) -> bool:
    """Whether a released adapter still opens and holds what was released."""
    if not (home / record.path / ENCRYPTED_FILE).is_file():
        return False
    folder.mkdir(mode=0o700)
    try:
        decrypt(conn, record, home, folder, used_by=used_by)
    except (RegistryError, VaultError):
        return False
    return True


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
        on conflict (adapter_id) do update set key_id = excluded.key_id, path = excluded.path
        """,
        [*columns, content_hash, path, key_id, Jsonb(dict(metrics))],
    )
