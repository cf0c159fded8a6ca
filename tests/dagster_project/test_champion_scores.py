"""The champion's old answers, judged by the test databases that the challenger was judged by."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from dagster_project.champion_scores import champion_scorecard
from dagster_project.resources.warehouse import insert_rows
from dagster_project.warehouse.settings import Warehouse
from training.evaluate.suite.signature import sign_variants
from training.gate.scorecard import SUITE_ACCURACY
from training.registry.records import AdapterRecord

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CHAMPION = AdapterRecord("a" * 12, NOW, "before", "tiny", "d", "c", "a" * 64, "adapters/a", True, "k", {})
VARIANT = """
create schema sandbox_shop__perturbed;
create table sandbox_shop__perturbed.orders as select n as order_id from generate_series(1, 3) as n;
grant usage on schema sandbox_shop__perturbed to auditune_sandbox;
grant select on all tables in schema sandbox_shop__perturbed to auditune_sandbox;
"""
COUNT = "SELECT COUNT(*) FROM orders"


@pytest.fixture
def owner(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """A warehouse with one test database, of tonight's suite, and a champion that was judged by last week's."""
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        admin.execute("drop schema if exists sandbox_shop__perturbed cascade")
        admin.execute(VARIANT)
        sign_variants(admin, warehouse.schemas, ["perturbed"], "tonight")
        admin.execute("truncate raw_training.evaluations, raw_training.evaluation_results")
    with psycopg.connect(warehouse.dsn, autocommit=True) as connection:
        common = {"evaluation_id": "before", "model": "adapter", "split": "question_split"}
        scores = common | {"evaluated_at": NOW, "base_model": "tiny", "dataset_hash": "d", "n": 4, "value": 0.75}
        rows = [scores | {"metric": name, "suite_hash": "last week"} for name in ("execution_accuracy", SUITE_ACCURACY)]
        insert_rows(connection, "raw_training.evaluations", rows)
        answers = {
            "right": ("select count(order_id) from orders", True),
            "by_chance": ("select 40", True),  # as many orders as the sandbox has
            "wrong": ("select 41", False),
            "gone": (COUNT, True),
        }
        flags = dict.fromkeys(("exact_match", "ran", "guard_allowed", "security_clean"), True)
        results = [
            common | flags | {"pair_id": pair, "predicted_sql": sql, "execution_match": is_right, "suite_match": True}
            for pair, (sql, is_right) in answers.items()
        ]
        insert_rows(connection, "raw_training.evaluation_results", results)
        yield connection


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set that has lost one of the pairs."""
    lines = [json.dumps({"id": pair, "output": COUNT}) + "\n" for pair in ("right", "by_chance", "wrong")]
    (tmp_path / "pairs.jsonl").write_text("".join(lines))
    return tmp_path


def everywhere(scorecard) -> dict[str, bool | None]:
    return {pair: answer.is_right_everywhere for pair, answer in scorecard.answers["question_split"].items()}


def test_its_answers_are_run_on_the_challengers_test_databases(warehouse, owner, data):
    scorecard = champion_scorecard(owner, warehouse, CHAMPION, "tiny", "tonight", data)

    assert scorecard.suite_hash == "tonight"
    assert everywhere(scorecard) == {"right": True, "by_chance": False, "wrong": False, "gone": None}
    assert scorecard.score("question_split", SUITE_ACCURACY) is None  # that was of last week's
    assert scorecard.score("question_split").value == 0.75


@pytest.mark.parametrize("suite_hash", ["last week", "gone since", None])
def test_where_those_do_not_stand_the_verdicts_of_its_own_time_are_kept(warehouse, owner, data, suite_hash):
    scorecard = champion_scorecard(owner, warehouse, CHAMPION, "tiny", suite_hash, data)

    assert scorecard.suite_hash == "last week"
    assert set(everywhere(scorecard).values()) == {True}
