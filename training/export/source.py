"""Finds the adapter to export, and the base model that it belongs to; used by `command`."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from training import registry
from training.errors import BadInput, TrainingFailed
from training.model import TINY
from training.registry.settings import RegistrySettings

_WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True)
class AdapterSource:
    """An adapter in clear, for as long as its context lasts.

    Attributes:
        folder: What peft's save_pretrained wrote.
        name: What to call it: its run's or its own id.
        base_model: Base model as the run recorded it: a file's or folder's name without its place, or an id.
    """

    folder: Path
    name: str
    base_model: str

    def find_base_model(self) -> str:
        """Finds the base model on this machine: AUDITUNE_BASE_MODEL if it has that name, else in `<home>/models`.

        Returns:
            A path, or the name as it is where it is a Hugging Face id.

        Raises:
            BadInput: It is a file or folder that is not here.
        """
        settings = RegistrySettings.from_environment()
        configured = settings.base_model
        if configured is not None and self.base_model in (configured, Path(configured).name):
            return configured
        local = settings.home / "models" / self.base_model
        if local.exists():
            return str(local)
        if (
            "/" not in self.base_model and self.base_model != TINY
        ):  # a file's or folder's name; Hugging Face is not asked
            raise BadInput(f"The base model {self.base_model} is not in {local.parent}: say with --base-model where.")
        return self.base_model


@contextmanager
def open_adapter(adapter: str) -> Iterator[AdapterSource]:
    """Opens an adapter: a folder as it is, a released one decrypted into a private folder that goes afterwards.

    Args:
        adapter: Folder of an adapter or of its run, or an id or alias in the registry.

    Yields:
        The adapter.

    Raises:
        BadInput: There is no such adapter.
        TrainingFailed: It cannot be decrypted, or the warehouse cannot be reached.
    """
    folder = Path(adapter)
    if folder.is_dir():
        yield _in_folder(folder / "adapter" if (folder / "adapter").is_dir() else folder)
        return
    settings = RegistrySettings.from_environment()
    if settings.dsn is None:
        raise BadInput(f"There is no folder {adapter}, and no registry to look it up in: AUDITUNE_DSN is not set.")
    try:
        with psycopg.connect(settings.dsn, autocommit=True, connect_timeout=10) as conn:
            record = _released(conn, adapter)
            with registry.load(conn, record, settings.home, used_by=f"{getpass.getuser()}: export") as bundle:
                yield AdapterSource(bundle / "adapter", record.adapter_id, record.base_model)
    except (registry.RegistryError, registry.VaultError) as error:
        raise TrainingFailed(str(error)) from error
    except psycopg.OperationalError as error:
        raise TrainingFailed("The warehouse cannot be reached: start it (`make up`) or check AUDITUNE_DSN.") from error


def _released(conn: psycopg.Connection, name: str) -> registry.AdapterRecord:
    try:
        return registry.find(conn, name)
    except registry.RegistryError as error:
        raise BadInput(f"There is no folder {name}. {error}") from error
    except psycopg.errors.UndefinedTable as error:
        raise BadInput(f"There is no folder {name}, and the warehouse has no registry yet.") from error


def _in_folder(folder: Path) -> AdapterSource:
    if not (folder / _WEIGHTS).is_file():
        raise BadInput(f"{folder} is no adapter: it has no {_WEIGHTS}; give the folder that `train` wrote.")
    run = folder.parent / "run.json"
    try:
        if run.is_file():
            recorded = json.loads(run.read_text(encoding="utf-8"))
            return AdapterSource(folder, recorded["run_id"], recorded["base_model"])
        base_model = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(
            f"{folder} does not say what it was trained on: its run.json or adapter_config.json is broken."
        ) from error
    return AdapterSource(folder, folder.resolve().name, base_model or TINY)
