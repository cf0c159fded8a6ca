"""Change the key: encrypt every released adapter anew with another one, and give the old one up; called by the CLI.

Each adapter is written into a new folder, then its row names that folder and its key in one statement. So a kill at any
moment leaves each adapter whole under one key, both keys are there until the last adapter has moved, and the same
command goes on where it stopped.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

import psycopg

from training.key_file import LOCAL_PREFIX, destroy_keys, next_key_path, switch_to_next_key
from training.registry import bundle
from training.registry.access import decrypt
from training.registry.folders import (
    ENCRYPTED_FILE,
    encrypt_into,
    put_in_place,
    remove_others,
    workspace,
)
from training.registry.locks import changing_folders
from training.registry.records import (
    AdapterRecord,
    RegistryError,
    get_adapter,
    list_adapters,
    record_key_use,
    told_in_a_sentence,
)
from training.vault import Vault, open_next_vault, open_vault


@dataclass(frozen=True)
class Rotation:
    """What a rotation did.

    Attributes:
        key_id: The key that everything is encrypted with now.
        encrypted: Ids of the adapters that were encrypted anew.
        lost: Ids of those whose file is missing, and which no key opens.
    """

    key_id: str
    encrypted: tuple[str, ...]
    lost: tuple[str, ...]


def rotate_key(conn: psycopg.Connection, home: Path, *, used_by: str, kms_key_arn: str | None = None) -> Rotation:
    """Encrypt every adapter with a new local key, or with a KMS key; the local key that they had is deleted.

    Args:
        conn: Autocommit connection of the owner role.
        home: AUDITUNE_HOME.
        used_by: Who rotates, for the rows of the keys' uses.
        kms_key_arn: KMS key to change to, or to draw new data keys from; None makes a new local key.

    Returns:
        What was done.

    Raises:
        RegistryError: Adapters are under a KMS key and none is given now, or the disk is full.
        VaultError: An adapter cannot be decrypted, or a key cannot be used; the keys stay as they are.
    """
    records = list_adapters(conn)
    if kms_key_arn is None and any(not record.key_id.startswith(LOCAL_PREFIX) for record in records):
        raise RegistryError("Some adapters are under a KMS key: set AUDITUNE_KMS_KEY_ARN to the key to change to.")
    encrypted, lost = [], []
    with told_in_a_sentence(home):
        with changing_folders(conn):
            target = open_vault(home, kms_key_arn=kms_key_arn) if kms_key_arn else open_next_vault(home)
        for record in records:
            with changing_folders(conn):  # the API may read in between
                moved = _move(conn, home, get_adapter(conn, record.adapter_id), target, used_by)
            if moved is not None:
                (encrypted if moved else lost).append(record.adapter_id)
        with changing_folders(conn):
            _finish(conn, home, target)
    return Rotation(target.key_id, tuple(encrypted), tuple(lost))


def _move(conn: psycopg.Connection, home: Path, record: AdapterRecord, target: Vault, used_by: str) -> bool | None:
    """Move one adapter to another key; None where it is under it already, False where its file is missing."""
    if not (home / record.path / ENCRYPTED_FILE).is_file():
        return False
    if record.key_id == target.key_id and target.key_id.startswith(LOCAL_PREFIX):
        return None
    with workspace(home) as work:
        content, staged = work / "content", work / "staged"
        content.mkdir(mode=0o700)
        decrypt(conn, record, home, content, used_by=used_by)
        record_key_use(conn, key_id=target.key_id, operation="encrypt", adapter_id=record.adapter_id, used_by=used_by)
        encrypt_into(staged, target, content, bundle.manifest(vars(record), record.content_hash, content))
        path = f"adapters/{record.adapter_id}-{secrets.token_hex(4)}"
        put_in_place(staged, home / path)
    conn.execute(
        "update raw_training.adapters set path = %s, key_id = %s where adapter_id = %s",
        (path, target.key_id, record.adapter_id),
    )
    remove_others(home, record.adapter_id, path)
    return True


def _finish(conn: psycopg.Connection, home: Path, target: Vault) -> None:
    """Give the old key up, if nothing needs it."""
    records = [record for record in list_adapters(conn) if (home / record.path / ENCRYPTED_FILE).is_file()]
    behind = [record.adapter_id for record in records if record.key_id != target.key_id]
    if behind:
        raise RegistryError(f"Adapters {', '.join(behind)} were released meanwhile: rotate once more to move them too.")
    for record in records:
        remove_others(home, record.adapter_id, record.path)  # what a killed rotation left behind
    if not target.key_id.startswith(LOCAL_PREFIX):
        destroy_keys(home)
    elif next_key_path(home).exists():  # otherwise another rotation has made it the key
        switch_to_next_key(home)
