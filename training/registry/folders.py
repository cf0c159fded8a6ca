"""The encrypted folders under `<AUDITUNE_HOME>/adapters`, written whole or not at all.

    adapter.enc      the bundle, encrypted
    manifest.json    what it is and which key opens it, in clear: for people who have the folder and no database

    gate/            the gate's reports on it, in clear, in the folder that is named for the adapter alone

Used by `releasing` and `rotation`, who hold the lock `changing_folders` meanwhile, and by `access`.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.registry.bundle import content_hash
from training.registry.records import AdapterRecord
from training.vault import Vault

ENCRYPTED_FILE = "adapter.enc"
MANIFEST_FILE = "manifest.json"
_WORKSPACE_PREFIX = ".release-"


@contextmanager
def workspace(home: Path) -> Iterator[Path]:
    """Gives a private folder beside the adapters, deleted afterwards; one that a killed process left goes first."""
    adapters = home / "adapters"
    adapters.mkdir(mode=0o700, parents=True, exist_ok=True)
    for leftover in adapters.glob(f"{_WORKSPACE_PREFIX}*"):
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(prefix=_WORKSPACE_PREFIX, dir=adapters) as name:
        yield Path(name)


def encrypt_into(staged: Path, vault: Vault, content: Path, manifest: Mapping[str, Any]) -> None:
    """Write an encrypted folder, synced to disk.

    Args:
        staged: Folder to create.
        vault: Whose key to use; the manifest names it.
        content: The bundle.
        manifest: Holds `content_hash`, which is bound to the encrypted file.
    """
    staged.mkdir(mode=0o700)
    vault.encrypt_folder(content, staged / ENCRYPTED_FILE, {"content_hash": manifest["content_hash"]})
    with (staged / MANIFEST_FILE).open("w") as file:
        json.dump({**manifest, "key_id": vault.key_id}, file, indent=2, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    _sync(staged)


def put_in_place(staged: Path, place: Path) -> None:
    """Move the finished folder to its place; where a folder is already, its two files are replaced and the rest stays.

    The gate's reports on an adapter are such a rest (training/gate/storing.py).
    """
    if place.exists():
        for name in (ENCRYPTED_FILE, MANIFEST_FILE):
            os.replace(staged / name, place / name)
        _sync(place)
    else:
        staged.rename(place)
    _sync(place.parent)


def remove_others(home: Path, adapter_id: str, path: str) -> None:
    """Delete what earlier keys encrypted of an adapter; the gate's reports on it stay.

    Args:
        home: AUDITUNE_HOME.
        adapter_id: Whose folders: `<adapter_id>` and `<adapter_id>-…`.
        path: The one that stays, relative to `home`.
    """
    adapters = home / "adapters"
    for folder in (adapters / adapter_id, *adapters.glob(f"{adapter_id}-*")):
        if folder != home / path and folder.exists():
            for name in (ENCRYPTED_FILE, MANIFEST_FILE):
                (folder / name).unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()


def changed_beside(home: Path, record: AdapterRecord, manifest: Mapping[str, Any]) -> str | None:
    """Looks for a change in what lies in clear beside an encrypted adapter.

    Args:
        home: AUDITUNE_HOME.
        record: The adapter's row.
        manifest: What its manifest must say, but for the key.

    Returns:
        The file or folder that is not what was written; None where all is. A report's folder has its hash for a name.
    """
    place = home / record.path / MANIFEST_FILE
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return str(place)
    if found != json.loads(json.dumps({**manifest, "key_id": record.key_id})):
        return str(place)
    reports = sorted((home / "adapters" / record.adapter_id / "gate").glob("[0-9a-f]*"))
    return next((str(report) for report in reports if content_hash(report)[: len(report.name)] != report.name), None)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
