"""The encrypted folders under `<AUDITUNE_HOME>/adapters`, written whole or not at all.

    adapter.enc      the bundle, encrypted
    manifest.json    what it is and which key opens it, in clear: for people who have the folder and no database

Used by `releasing` and `rotation`, who hold the lock `changing_folders` meanwhile.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    """Move the finished folder to its place; a folder already there has no whole release behind it."""
    if place.exists():
        shutil.rmtree(place)
    staged.rename(place)
    _sync(place.parent)


def remove_others(home: Path, adapter_id: str, path: str) -> None:
    """Delete what earlier keys encrypted of an adapter.

    Args:
        home: AUDITUNE_HOME.
        adapter_id: Whose folders: `<adapter_id>` and `<adapter_id>-…`.
        path: The one that stays, relative to `home`.
    """
    adapters = home / "adapters"
    for folder in (adapters / adapter_id, *adapters.glob(f"{adapter_id}-*")):
        if folder != home / path and folder.exists():
            shutil.rmtree(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
