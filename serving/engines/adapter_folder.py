"""A released adapter in clear, in memory, where engine servers read it; used by `servers` and `server_command`."""

import json
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from serving.readable import readable
from serving.settings import Settings
from serving.startup import StartupError
from training import registry
from training.confidence import Calibration
from training.sql.catalog import Catalog


@dataclass(frozen=True)
class AdapterFolder:
    """A decrypted adapter.

    Attributes:
        folder: Folder with adapter_config.json and the weights; its name is the adapter's id.
        catalog: What it was trained on; the prompt is made of it.
        readable: What of that its answers may name.
        calibration: When it rather gives no answer; None where that could not be fitted.
        max_new_tokens: Longest answer, in tokens, as its run was configured.
        rank: Its LoRA rank.
    """

    record: registry.AdapterRecord
    folder: Path
    catalog: Catalog
    readable: Catalog
    calibration: Calibration | None
    max_new_tokens: int
    rank: int


def open_folder(settings: Settings, name: str, *, used_by: str) -> AdapterFolder:
    """Decrypt an adapter below `engine_adapter_dir`, where it stays until `remove_folder`.

    Args:
        settings: Settings of the API.
        name: Its id, or an alias that points to it.
        used_by: Who decrypts, for the row of the key's use.

    Raises:
        StartupError: There is no such adapter, it cannot be decrypted, or the folder cannot be used.
    """
    parent = settings.engine_adapter_dir
    try:
        _make_private(parent)
        with psycopg.connect(settings.api_dsn, autocommit=True, connect_timeout=5) as conn:
            aliased = name in (registry.CHAMPION, registry.CHALLENGER)
            record = registry.resolve(conn, name) if aliased else registry.get_adapter(conn, name)
            with registry.load(conn, record, settings.home, used_by=used_by, within=parent) as bundle:
                catalog = Catalog.load(bundle / "catalog.json")
                return AdapterFolder(
                    record,
                    _put_in_place(bundle / "adapter", parent / record.adapter_id),
                    catalog,
                    readable(catalog, settings.reader_dsn),
                    Calibration.load(bundle),
                    _read(bundle / "run.json")["config"]["max_new_tokens"],
                    _read(bundle / "adapter" / "adapter_config.json")["r"],
                )
    except (registry.RegistryError, registry.VaultError) as error:
        raise StartupError(str(error)) from error
    except psycopg.OperationalError as error:
        raise StartupError("The warehouse cannot be reached: start it (`make up`), or correct the DSN.") from error
    except OSError as error:
        raise StartupError(
            f"Adapters cannot be written to {parent} ({error.strerror}): "
            "set AUDITUNE_ENGINE_ADAPTER_DIR to a folder in memory that this account may write."
        ) from error


def remove_folder(settings: Settings, adapter_id: str) -> None:
    """Delete a decrypted adapter, if it is there."""
    shutil.rmtree(settings.engine_adapter_dir / adapter_id, ignore_errors=True)


def _make_private(parent: Path) -> None:
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = parent.stat(follow_symlinks=False)
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid() or state.st_mode & 0o077:
        raise StartupError(
            f"{parent} is open to other accounts or belongs to one: remove it, or set AUDITUNE_ENGINE_ADAPTER_DIR."
        )


def _put_in_place(adapter: Path, target: Path) -> Path:
    """Makes the folder appear whole or not at all; one of that name holds the same, for the name is its hash."""
    if not target.exists():
        partial = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
        shutil.copytree(adapter, partial)
        partial.chmod(0o700)
        try:
            partial.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(partial)
            if not target.is_dir():
                raise
    return target


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
