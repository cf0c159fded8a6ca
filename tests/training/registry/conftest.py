"""A finished training run, its dataset, and an empty registry in a real warehouse."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from safetensors.numpy import save_file

from dagster_project.warehouse.settings import Warehouse


@pytest.fixture
def conn(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """An autocommit connection of the owner role to an empty registry."""
    with psycopg.connect(warehouse.dsn, autocommit=True) as connection:
        connection.execute("truncate raw_training.adapters, raw_training.adapter_aliases, raw_training.key_uses")
        yield connection


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty AUDITUNE_HOME."""
    return tmp_path / "home"


@pytest.fixture
def dataset_dir(tmp_path: Path) -> Path:
    """A dataset folder as the pipeline writes it; the pairs must not enter a release."""
    folder = tmp_path / "dataset"
    folder.mkdir()
    (folder / "catalog.json").write_text('{"tables": []}')
    (folder / "pairs.jsonl").write_text('{"input": "who bought most?"}\n')
    return folder


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Writes a run folder whose weights depend on the seed; other arguments change its run.json."""

    def make(seed: int, **changes: object) -> Path:
        return _write_run(tmp_path / f"run-{seed}-{'-'.join(changes)}", seed, changes)

    return make


@pytest.fixture
def run_dir(make_run: Callable[..., Path]) -> Path:
    """A finished run."""
    return make_run(1)


def _write_run(folder: Path, seed: int, changes: dict[str, object]) -> Path:
    (folder / "adapter").mkdir(parents=True)
    weights = np.random.default_rng(seed).normal(size=(8, 8)).astype(np.float32)
    save_file({"lora_A.weight": weights}, folder / "adapter" / "adapter_model.safetensors")
    (folder / "adapter" / "adapter_config.json").write_text('{"r": 8}')
    run = {
        "run_id": f"run-{seed}",
        "status": "succeeded",
        "base_model": "models/base.gguf",
        "dataset_hash": "d" * 16,
        "catalog_hash": "c" * 16,
        "config": {"seed": seed},
    }
    (folder / "run.json").write_text(json.dumps({**run, **changes}))
    (folder / "metrics.jsonl").write_text("{}\n")
    return folder
