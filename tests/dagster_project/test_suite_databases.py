"""When the test databases are built again, and what is kept of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from dagster_project.defs.training.suite import build_test_suite
from dagster_project.resources.warehouse import WarehouseResource
from dagster_project.suite_databases import BuiltSuite, refresh_suite
from dagster_project.warehouse.settings import Warehouse
from tests.training.evaluate.suite.bakery import QUESTIONS, TABLES, bakery_catalog
from training.evaluate.suite.score import TestSuite

ASKED = [QUESTIONS[operator] for operator in ("comparison", "predicate", "join")]


@pytest.fixture(scope="module")
def owner(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def dataset(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of three questions about a bakery, which is the warehouse's business."""
    folder = tmp_path_factory.mktemp("dataset")
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        admin.execute(TABLES.read_text())
        bakery_catalog(admin).save(folder / "catalog.json")
    (folder / "pairs.jsonl").write_text("".join(json.dumps({"output": sql}) + "\n" for sql in ASKED))
    return folder


def refresh(warehouse: Warehouse, owner: psycopg.Connection, dataset: Path) -> BuiltSuite:
    return refresh_suite(replace(warehouse, schemas=("bakery",)), owner, dataset, lambda line: None)


def count(owner: psycopg.Connection, table: str) -> int:
    return owner.execute(f"select count(*) from raw_training.{table}").fetchone()[0]


def test_a_suite_is_built_once_for_a_sandbox_and_a_data_set(
    warehouse: Warehouse, owner: psycopg.Connection, dataset: Path
) -> None:
    built = refresh(warehouse, owner, dataset)
    rows = count(owner, "suite_variants"), count(owner, "suite_kill_rates")
    again = refresh(warehouse, owner, dataset)

    assert (built.is_reused, again.is_reused) == (False, True)
    assert (again.suite_hash, again.variants, again.kill_rates) == (built.suite_hash, built.variants, built.kill_rates)
    assert rows == (len(built.variants), len(built.kill_rates))
    assert rows == (count(owner, "suite_variants"), count(owner, "suite_kill_rates"))


def test_the_first_kill_rate_is_of_all_mutants(warehouse: Warehouse, owner: psycopg.Connection, dataset: Path) -> None:
    (operator, mutants, alone, killed), *each = refresh(warehouse, owner, dataset).kill_rates

    assert operator == "all"
    assert (mutants, alone, killed) == tuple(map(sum, zip(*(row[1:] for row in each), strict=True)))
    assert alone < killed <= mutants


def test_a_changed_sandbox_has_another_suite(warehouse: Warehouse, owner: psycopg.Connection, dataset: Path) -> None:
    before = refresh(warehouse, owner, dataset)
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        admin.execute("update sandbox_bakery.orders set total = total + 1 where order_id = 7")
    after = refresh(warehouse, owner, dataset)

    assert not after.is_reused
    assert after.suite_hash != before.suite_hash


def test_the_suite_says_to_who_judges_by_it_which_one_it_is(
    warehouse: Warehouse, owner: psycopg.Connection, dataset: Path
) -> None:
    built = refresh(warehouse, owner, dataset)
    with TestSuite.connect(warehouse.sandbox_dsn, ["bakery"]) as suite:
        assert (suite.suite_hash, suite.names) == (built.suite_hash, built.variants)

    owner.execute("comment on schema sandbox_bakery__skewed is null")
    with TestSuite.connect(warehouse.sandbox_dsn, ["bakery"]) as suite:
        assert suite.suite_hash is None
    assert not refresh(warehouse, owner, dataset).is_reused


def test_a_suite_of_which_a_variant_was_touched_is_built_again(
    warehouse: Warehouse, owner: psycopg.Connection, dataset: Path
) -> None:
    refresh(warehouse, owner, dataset)
    owner.execute("drop schema sandbox_bakery__nulled cascade")
    owner.execute("create schema sandbox_bakery__nulled")

    assert not refresh(warehouse, owner, dataset).is_reused


def test_the_asset_shows_how_good_the_suite_is(
    warehouse: Warehouse, owner: psycopg.Connection, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in replace(warehouse, schemas=("bakery",)).environment().items():
        monkeypatch.setenv(variable, value)
    datasets = warehouse.home / "datasets"
    datasets.mkdir()
    (datasets / "bakery").symlink_to(dataset)
    (datasets / "CURRENT").write_text("bakery")

    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([build_test_suite], instance=instance, resources={"warehouse": WarehouseResource()})

    shown = {
        event.asset_key.path[-1]: event.step_materialization_data.materialization.metadata
        for event in done.get_asset_materialization_events()
    }
    assert (
        shown["suite_kill_rates"]["kill_rate"].value > shown["suite_kill_rates"]["kill_rate_of_the_sandbox_alone"].value
    )
    assert shown["suite_variants"]["dagster/row_count"].value == count(owner, "suite_variants")
