"""The release asset on hand-made evaluations: what it decides, keeps as a row, and shows."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import numpy as np
import psycopg
import pytest
from safetensors.numpy import save_file

from dagster_project.defs.release.assets import release_adapter
from dagster_project.resources.warehouse import WarehouseResource, insert_rows
from dagster_project.training_runs import Run, run_for
from dagster_project.training_settings import TrainingSettings
from dagster_project.warehouse.settings import Warehouse
from tests.training.gate.models import SPLITS, Rows, evaluation, first
from training.registry import history
from training.registry.bundle import content_hash

CATEGORIES = {"date": range(40), "window": range(40, 44)}
BASE = evaluation(dict.fromkeys(SPLITS, [False] * 80), model="base", milliseconds=300.0)


@pytest.fixture
def owner(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """The owner's connection to a registry without a champion; the environment says which warehouse is meant."""
    for variable, value in warehouse.environment().items():
        monkeypatch.setenv(variable, value)
    with psycopg.connect(warehouse.dsn, autocommit=True) as connection:
        connection.execute(
            "truncate raw_training.adapters, raw_training.adapter_aliases, raw_training.gate_decisions,"
            " raw_training.evaluations, raw_training.evaluation_results"
        )
        yield connection


def judged(right: int, **more: object) -> tuple[Rows, Rows]:
    """An evaluation of an adapter that answers the first so many of 80 pairs of each split right, and of the base."""
    adapter = evaluation(dict.fromkeys(SPLITS, first(right, 80)), categories=CATEGORIES, suite=True, **more)
    return adapter[0] + BASE[0], adapter[1] + BASE[1]


def write_run(warehouse: Warehouse, dataset: str, rows: tuple[Rows, Rows]) -> Run:
    """Writes a finished and evaluated run on a data set of this name, which becomes the current one."""
    data = warehouse.home / "datasets" / dataset
    data.mkdir(parents=True, exist_ok=True)
    (data / "catalog.json").write_text('{"tables": []}')
    (data.parent / "CURRENT").write_text(dataset)
    run = run_for(warehouse.home, dataset, TrainingSettings().training_config, warehouse.base_model)
    run.adapter.mkdir(parents=True, exist_ok=True)
    run.evaluation.mkdir(exist_ok=True)
    seed = int.from_bytes(dataset.encode(), "big") % 2**32
    weights = np.random.default_rng(seed).normal(size=(4, 4)).astype(np.float32)
    save_file({"lora_A.weight": weights}, run.adapter / "adapter_model.safetensors")
    (run.adapter / "adapter_config.json").write_text('{"r": 4}')
    facts = {"run_id": run.run_id, "status": "succeeded", "base_model": "tiny", "dataset_hash": dataset}
    (run.folder / "run.json").write_text(json.dumps(facts | {"catalog_hash": "c" * 16}))
    losses = [{"step": step, "loss": 3.0 / step, "validation_loss": 3.5 / step} for step in range(1, 5)]
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in losses))
    scores, results = rows
    (run.evaluation / "evaluation.json").write_text(json.dumps(scores))
    (run.evaluation / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in results))
    return run


def enter_evaluation(owner: psycopg.Connection, run: Run, rows: tuple[Rows, Rows]) -> None:
    """Writes the rows that the asset of the evaluation writes."""
    common = {"evaluation_id": run.run_id}
    context = {"evaluated_at": datetime.now(UTC), "base_model": "tiny", "dataset_hash": "d", "run_id": run.run_id}
    others = dict.fromkeys(("exact_match", "ran", "guard_allowed", "security_clean"), True)
    complete = {"suite_match": None, "error_class": None, "categories": None}
    insert_rows(owner, "raw_training.evaluations", [common | context | row for row in rows[0]])
    insert_rows(owner, "raw_training.evaluation_results", [common | others | complete | row for row in rows[1]])


def release() -> tuple[dg.ExecuteInProcessResult, dg.AssetCheckEvaluation]:
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize(
            [release_adapter], instance=instance, resources={"warehouse": WarehouseResource()}, raise_on_error=False
        )
    (check,) = done.get_asset_check_evaluations()
    return done, check


def decisions(owner: psycopg.Connection) -> list[tuple]:
    return owner.execute(
        "select run_id, champion_id, is_promoted, reason, numbers from raw_training.gate_decisions order by decision_id"
    ).fetchall()


def champion(warehouse: Warehouse, owner: psycopg.Connection, rows: tuple[Rows, Rows]) -> str:
    """Releases a champion and returns its id."""
    run = write_run(warehouse, "before", rows)
    enter_evaluation(owner, run, rows)
    done, _ = release()
    assert done.success
    return adapters_of(owner, "champion")[0]


def adapters_of(owner: psycopg.Connection, alias: str) -> list[str]:
    """What an alias has pointed to, oldest first."""
    return [move.adapter_id for move in history(owner, alias)]


def test_a_first_adapter_that_is_no_better_than_the_base_ends_the_run_and_shows_why(warehouse, owner):
    write_run(warehouse, "first", judged(3))
    done, check = release()
    ((_, champion_id, is_promoted, _, numbers),) = decisions(owner)

    assert not done.success
    assert (champion_id, is_promoted) == (None, False)
    assert (len(adapters_of(owner, "challenger")), adapters_of(owner, "champion")) == (1, [])
    assert check.description.startswith("There is no champion to serve. Not promoted: it is not better than the base")
    rows = [record.data for record in check.metadata["findings"].value.records]
    assert (rows[0]["rule"], rows[0]["verdict"]) == ("better_than_base", "refuses")
    assert len(rows) == len(numbers["findings"])


def test_the_report_lies_beside_the_adapter_with_its_hash_in_the_row_and_is_shown_with_its_pictures(warehouse, owner):
    write_run(warehouse, "good", judged(60))
    done, check = release()
    ((run_id, _, is_promoted, _, numbers),) = decisions(owner)
    ((adapter_id,),) = owner.execute("select adapter_id from raw_training.adapters").fetchall()
    folder = warehouse.home / numbers["report"]["path"]
    shown = done.asset_materializations_for_node("release_adapter")[0].metadata["report"].value

    assert is_promoted
    assert folder.parent == warehouse.home / "adapters" / adapter_id / "gate"
    assert sorted(path.name for path in folder.iterdir()) == [
        "accuracy_by_category.png", "errors.png", "loss.png", "report.md",
    ]  # fmt: skip
    assert content_hash(folder) == numbers["report"]["content_hash"]
    assert f"run `{run_id}`" in (folder / "report.md").read_text()
    assert shown == check.metadata["report"].value
    assert shown.count("](data:image/png;base64,") == 3
    assert ".png)" not in shown


def test_a_challenger_that_loses_a_category_leaves_the_champion_in_its_place(warehouse, owner):
    champion_id = champion(warehouse, owner, judged(60))
    forgetful = [place >= 12 for place in range(72)] + [False] * 8  # right elsewhere, wrong on twelve of the dates
    rows = evaluation(dict.fromkeys(SPLITS, forgetful), categories=CATEGORIES, suite=True)
    write_run(warehouse, "after", (rows[0] + BASE[0], rows[1] + BASE[1]))
    done, check = release()

    assert done.success
    assert adapters_of(owner, "champion") == [champion_id]
    assert adapters_of(owner, "challenger")[0] == champion_id  # it was the challenger in its own time
    assert history(owner, "challenger")[1].reason.endswith(
        "75.0% of 80 on the question_split, 75.0% of 80 on the template_split."
    )
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "worse than the champion in the category date of the question_split" in check.description
    assert decisions(owner)[-1][1:3] == (champion_id, False)
    assert "champion against challenger" in check.metadata["report"].value


def test_a_better_challenger_takes_its_place_though_the_night_was_slow(warehouse, owner):
    champion_id = champion(warehouse, owner, judged(60, milliseconds=100.0))
    scores, results = judged(70, milliseconds=190.0)
    slow_night = [row | {"generation_ms": 600.0} if row["model"] == "base" else row for row in results]
    write_run(warehouse, "after", (scores, slow_night))
    _, check = release()
    (latency,) = [row for row in decisions(owner)[-1][4]["findings"] if row["rule"] == "latency"]

    assert check.passed
    assert (latency["machine"], latency["ratio"]) == (2.0, pytest.approx(0.95))
    assert adapters_of(owner, "champion")[0] == champion_id
    assert adapters_of(owner, "challenger") == adapters_of(owner, "champion")
    assert len(adapters_of(owner, "champion")) == 2


def test_a_champion_of_an_earlier_version_is_compared_as_far_as_its_rows_go(warehouse, owner):
    champion(warehouse, owner, judged(60))
    owner.execute(
        "update raw_training.evaluation_results set suite_match = null, categories = null, generation_ms = null"
    )
    owner.execute("delete from raw_training.evaluations where metric = 'suite_accuracy' or category <> 'all'")
    write_run(warehouse, "after", judged(61))
    _, check = release()
    verdicts = set(
        owner.execute(
            "select rule, verdict from raw_training.gate_decisions,"
            " jsonb_to_recordset(numbers -> 'findings') as finding (rule text, verdict text)"
        ).fetchall()
    )

    assert check.passed
    assert {("latency", "not compared"), ("not_worse_on_all_variants", "not compared")} <= verdicts
    assert ("not_inferior_in_category", "passes") in verdicts
    assert "## What could not be compared" in check.metadata["report"].value


def test_the_champion_is_not_judged_against_itself_and_its_decision_is_shown_again(warehouse, owner):
    champion(warehouse, owner, judged(60))
    _, check = release()
    (decision,) = decisions(owner)

    assert (check.passed, check.description) == (True, "It is the champion already.")
    assert len(check.metadata["findings"].value.records) == len(decision[4]["findings"])
    assert check.metadata["report_folder"].value == str(warehouse.home / decision[4]["report"]["path"])
