"""The registry of released adapters: raw_training.adapters and the encrypted folders under `<AUDITUNE_HOME>/adapters`.

Called by the release asset (`release`, `promote`), the API (`resolve`, `load`) and people
(`python -m training registry`).
Every function takes an autocommit psycopg connection and raises `RegistryError` or `VaultError` with what to do.
"""

from training.registry.access import load, verify
from training.registry.aliases import AliasMove, find, history, promote, resolve, rollback
from training.registry.cli import main
from training.registry.records import CHALLENGER, CHAMPION, AdapterRecord, RegistryError, get_adapter, list_adapters
from training.registry.releasing import release
from training.registry.rotation import Rotation, rotate_key
from training.vault import VaultError

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "AdapterRecord",
    "AliasMove",
    "RegistryError",
    "Rotation",
    "VaultError",
    "find",
    "get_adapter",
    "history",
    "list_adapters",
    "load",
    "main",
    "promote",
    "release",
    "resolve",
    "rollback",
    "rotate_key",
    "verify",
]
