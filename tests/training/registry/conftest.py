"""A finished training run, its dataset, and a database with the registry's tables."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from safetensors.numpy import save_file

RAW_TABLES = Path(__file__).parents[3] / "dagster_project" / "warehouse" / "raw_tables.sql"


@pytest.fixture
def registry_dsn(postgres_dsn: str) -> Iterator[str]:
    """A database of its own, with the raw tables."""
    name = f"registry_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    dsn = make_conninfo(postgres_dsn, dbname=name)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(RAW_TABLES.read_text())
    yield dsn
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def conn(registry_dsn: str) -> Iterator[psycopg.Connection]:
    """An autocommit connection to it."""
    with psycopg.connect(registry_dsn, autocommit=True) as connection:
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
