"""What a released adapter consists of, and its content hash; used by `releasing` and `access`.

A bundle is a folder of these files. None holds a person's data: weights, numbers, names of tables and columns, and SQL
as the corpus has it, with pseudonyms.

    adapter/adapter_config.json   adapter/adapter_model.safetensors
    run.json                      the run's configuration and figures
    catalog.json                  the catalog that the prompt was built from
    calibration.json              when the adapter rather gives no answer; missing where that could not be fitted
    learnt_sql.json               the SQL that it was trained on; missing where the run is older than this file
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training import learnt_sql
from training.registry.records import RegistryError

ADAPTER_FILES = ("adapter/adapter_config.json", "adapter/adapter_model.safetensors")
BUNDLE_FILES = (*ADAPTER_FILES, "catalog.json", "run.json")
CALIBRATION_FILE = "calibration.json"  # as training/confidence.py reads it


def assemble(run_dir: Path, dataset_dir: Path, target: Path) -> None:
    """Copy the files of a release into an empty folder.

    Args:
        run_dir: Folder of a finished training run: adapter/, run.json, learnt_sql.json, evaluation/calibration.json.
        dataset_dir: Folder of its dataset (catalog.json).
        target: Folder to create.

    Raises:
        RegistryError: A file is missing.
    """
    for name in BUNDLE_FILES:
        source = (dataset_dir if name == "catalog.json" else run_dir) / name
        if not source.is_file():
            raise RegistryError(f"{source} is missing: finish the training run before releasing it.")
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target / name)
    for source in (run_dir / "evaluation" / CALIBRATION_FILE, run_dir / learnt_sql.FILE):
        if source.is_file():
            shutil.copyfile(source, target / source.name)


def content_hash(folder: Path) -> str:
    """Hash a bundle: sha256 over each file's name and sha256, in the order of names.

    Args:
        folder: A bundle.

    Returns:
        64 hex digits. Two folders with the same names and bytes have the same hash, whenever and wherever written.
    """
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            total.update(f"{path.relative_to(folder).as_posix()}\0{digest}\n".encode())
    return total.hexdigest()


def manifest(source: Mapping[str, Any], content_hash: str, folder: Path) -> dict[str, Any]:
    """Say what a bundle is, for whoever has only its encrypted folder.

    Args:
        source: run.json, or the adapter's row: both name the run, the base model, the data set and the catalog.
        content_hash: The bundle's hash.
        folder: The bundle.

    Returns:
        Values for manifest.json.
    """
    return {
        "adapter_id": content_hash[:12],
        "content_hash": content_hash,
        "files": sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()),
        **{key: source[key] for key in ("run_id", "base_model", "dataset_hash", "catalog_hash")},
    }


def read_run(folder: Path) -> dict[str, Any]:
    """Read run.json of a bundle.

    Raises:
        RegistryError: It is not JSON, or the run did not succeed, or it does not say where it comes from.
    """
    path = folder / "run.json"
    try:
        run = json.loads(path.read_text())
    except ValueError as error:
        raise RegistryError(f"{path.name} of the run is not valid JSON: train again.") from error
    missing = [key for key in ("run_id", "status", "base_model", "dataset_hash", "catalog_hash") if not run.get(key)]
    if missing:
        raise RegistryError(f"run.json lacks {', '.join(missing)}: train again with this version of auditune.")
    if run["status"] != "succeeded":
        raise RegistryError(f"Run {run['run_id']} has status {run['status']!r}: only a finished run can be released.")
    return run
