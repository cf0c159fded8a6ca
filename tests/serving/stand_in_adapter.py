"""A released adapter without a model: the registry's row and an encrypted folder that a stand-in for vLLM loads."""

import json
from pathlib import Path

import psycopg

from tests.serving.engine_processes import write_adapter
from training import registry
from training.sql.catalog import Catalog


def release_stand_in(
    owner: psycopg.Connection, home: Path, folder: Path, catalog: Catalog, *, run_id: str, rank: int = 8
) -> str:
    """Release an adapter of weights that nobody reads.

    Args:
        owner: Connection of the owner role.
        home: AUDITUNE_HOME.
        folder: Folder for the run, made here.
        catalog: The adapter's catalog.
        run_id: Makes it another adapter than those of other runs.
        rank: Its LoRA rank.

    Returns:
        The adapter's id.
    """
    write_adapter(folder / "adapter", rank)
    run = {
        "run_id": run_id,
        "status": "succeeded",
        "base_model": "tests/base-model",
        "dataset_hash": "d" * 16,
        "catalog_hash": catalog.hash,
        "config": {"max_new_tokens": 64},
    }
    (folder / "run.json").write_text(json.dumps(run))
    catalog.save(folder / "catalog.json")
    return registry.release(owner, run_dir=folder, dataset_dir=folder, home=home, metrics={}, used_by="test")


def promote(owner: psycopg.Connection, adapter_id: str, alias: str = registry.CHAMPION) -> None:
    """Point an alias to an adapter."""
    registry.promote(owner, adapter_id, alias=alias, set_by="test", reason="a test")
