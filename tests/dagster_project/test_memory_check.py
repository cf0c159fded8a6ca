"""The check of the peak memory: it warns above what the preset promises, and where nobody has measured."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import psycopg
import pytest
from psycopg.types.json import Jsonb

from dagster_project.defs.training.checks import memory_faults, memory_is_within_bound
from dagster_project.embedded.settings import REPOSITORY
from dagster_project.resources.warehouse import WarehouseResource, insert_rows
from dagster_project.warehouse.settings import Warehouse
from training.config import load_config

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def owner(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    for variable, value in warehouse.environment().items():
        monkeypatch.setenv(variable, value)
    with psycopg.connect(warehouse.dsn, autocommit=True) as connection:
        connection.execute("truncate raw_training.runs, raw_training.usage, raw_training.evaluations")
        yield connection


def enter_run(owner: psycopg.Connection, run_id: str, at: datetime, peaks: dict[str, float | None]) -> None:
    """Writes what a trained and judged run leaves, with a promise of 4096 MiB."""
    facts = {"started_at": at, "status": "succeeded", "base_model": "tiny", "dataset_hash": "d"}
    run = {"run_id": run_id, **facts, "config": Jsonb({"memory_mib": 4096})}
    insert_rows(owner, "raw_training.runs", [run])
    used = {"run_id": run_id, "recorded_at": at, "device": "cpu", "wall_seconds": 1.0, "cpu_seconds": 1.0}
    insert_rows(
        owner, "raw_training.usage", [used | {"stage": name, "peak_memory_mib": mib} for name, mib in peaks.items()]
    )
    score = {"model": "adapter", "split": "question_split", "metric": "ran", "n": 1, "value": 1.0}
    judged = {"evaluation_id": run_id, "evaluated_at": at, "base_model": "tiny", "dataset_hash": "d"}
    insert_rows(owner, "raw_training.evaluations", [judged | score])


def test_the_newest_run_is_within_what_its_preset_promises(owner: psycopg.Connection) -> None:
    enter_run(owner, "before", NOW - timedelta(days=1), {"train": 9000.0, "evaluate": 9000.0})
    enter_run(owner, "now", NOW, {"train": 2048.0, "evaluate": 1024.0})
    result = memory_is_within_bound(WarehouseResource())

    assert result.passed
    assert {name: shown.value for name, shown in result.metadata.items()} == {
        "bound_mib": 4096, "peak_mib_train": 2048.0, "peak_mib_evaluate": 1024.0,
    }  # fmt: skip


def test_a_run_above_it_is_a_warning_that_says_which_stage(owner: psycopg.Connection) -> None:
    enter_run(owner, "now", NOW, {"train": 4200.0, "evaluate": 1024.0})
    result = memory_is_within_bound(WarehouseResource())

    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert result.description.startswith("The stage train held 4200 MiB, and its preset promises 4096")


@pytest.mark.parametrize(
    "peaks", [{"train": None, "evaluate": 9.0}, {"evaluate": 9.0}, {"train": 0.0, "evaluate": 9.0}]
)
def test_a_peak_that_was_not_reported_is_no_peak_within_the_bound(peaks: dict[str, float | None]) -> None:
    assert memory_faults(peaks, 4096) == [
        "The stage train did not report its peak memory: it is not known to be bounded."
    ]


def test_a_preset_that_promises_nothing_warns_of_nothing() -> None:
    assert memory_faults({"train": 90_000.0, "evaluate": 9.0}, 0) == []


def test_the_default_preset_promises_four_gibibytes() -> None:
    assert load_config(REPOSITORY / "training" / "configs" / "smollm2-135m-cpu.yaml").memory_mib == 4096
