"""Evaluation end to end against a real PostgreSQL: the scores, the self-audit and the command."""

import json
from pathlib import Path

import psycopg
import pytest

import training
from tests.training.small_dataset import CATALOG, pair_rows, write_dataset
from training.cli import main
from training.data import Pair, load_dataset
from training.errors import TrainingFailed
from training.evaluate.audit import audit_evaluator
from training.evaluate.score import Scorer
from training.sql.sandbox import Executor

CONFIG = Path(training.__file__).parent / "configs" / "tiny-random.yaml"
_TABLES = """
create schema sandbox_shop;
create table sandbox_shop.customers as select 1 as customer_id, 'x@example.com' as email, 'gold' as tier;
create table sandbox_shop.orders as
    select n as order_id, 1 as customer_id, 1 as seller_id, n::numeric(10, 2) as total from generate_series(1, 40) as n;
grant usage on schema sandbox_shop to auditune_sandbox;
grant select on all tables in schema sandbox_shop to auditune_sandbox;
"""


@pytest.fixture(scope="module")
def sandbox_dsn(warehouse, admin_dsn) -> str:
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute("drop schema if exists sandbox_shop cascade")
        admin.execute(_TABLES)
    return warehouse.environment()["AUDITUNE_SANDBOX_DSN"]


@pytest.fixture
def scorer(sandbox_dsn):
    with Executor(sandbox_dsn, "sandbox_shop") as executor:
        yield Scorer(CATALOG, [], executor)


def _pair(sql: str) -> Pair:
    return Pair("p", "how many", sql, "test", "train")


GOLD = "SELECT COUNT(*) FROM orders WHERE orders.total > 30"


@pytest.mark.parametrize(
    ("predicted", "match", "ran", "allowed", "error"),
    [
        (GOLD, True, True, True, None),
        ("select count(order_id) from orders where total >= 31", True, True, True, None),
        ("select count(*) from orders", False, True, True, None),
        ("select count(*), 1 from orders where total > 30", False, True, True, None),
        ("select count(* from orders", False, False, False, "syntax"),
        ("select count(*) from sales", False, False, False, "unknown_table"),
        ("select count(price) from orders", False, False, False, "unknown_column"),
        ("select pg_sleep(9)", False, False, False, "blocked"),
        ("select total / (order_id - order_id) from orders", False, False, True, "other"),
        ("", False, False, False, "syntax"),
    ],
)
def test_one_prediction(scorer, predicted, match, ran, allowed, error):
    score = scorer.score(_pair(GOLD), predicted)
    assert (score.execution_match, score.ran, score.guard_allowed, score.error_class) == (match, ran, allowed, error)


def test_exact_match_is_of_the_canonical_form(scorer):
    assert scorer.score(_pair(GOLD), "select COUNT(*) from orders o where o.total > 30;").exact_match
    assert not scorer.score(_pair(GOLD), "select count(*) from orders where total > 31").exact_match


def test_audit_passes_on_stable_pairs(scorer, tmp_path):
    pairs = load_dataset(write_dataset(tmp_path)).held_out("question_split")
    audit = audit_evaluator(scorer, pairs)
    assert (audit["gold"], audit["empty"]) == (1.0, 0.0)
    assert audit["shuffled"] < 1.0


def test_audit_names_pairs_whose_gold_does_not_run(scorer):
    with pytest.raises(TrainingFailed, match="1 held-out pairs .*p-broken"):
        audit_evaluator(scorer, [_pair(GOLD), Pair("p-broken", "q", "SELECT 1 / 0", "test", "train")])


def test_audit_notices_a_scorer_that_cannot_tell(scorer):
    # All answers are empty results, so any answer looks right: an empty sandbox gives such a picture.
    pairs = [_pair(f"SELECT orders.total FROM orders WHERE orders.total > {n}") for n in (900, 901, 902)]
    with pytest.raises(TrainingFailed, match="shuffled"):
        audit_evaluator(scorer, pairs)


def test_command_judges_both_models_on_both_splits(sandbox_dsn, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AUDITUNE_SANDBOX_DSN", sandbox_dsn)
    rows = pair_rows()
    data, run, out = write_dataset(tmp_path / "data", rows), tmp_path / "run", tmp_path / "evaluation"
    common = ["--config", str(CONFIG), "--data", str(data)]
    assert main(["train", *common, "--out", str(run)]) == 0
    assert main(["evaluate", *common, "--out", str(out), "--adapter", str(run / "adapter")]) == 0
    scores = json.loads((out / "evaluation.json").read_text())
    everywhere = {(row["model"], row["split"], row["metric"]) for row in scores if row["category"] == "all"}
    assert len(everywhere) == 2 * 2 * 6
    assert {(row["n"], row["ci_low"] <= row["value"] <= row["ci_high"]) for row in scores} == {(3, True)}
    results = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    held_out = {row["id"] for row in rows if "test" in (row["question_split"], row["template_split"])}
    assert {result["pair_id"] for result in results} == held_out
    assert len(results) == 2 * len(held_out)
    assert json.loads((out / "audit.json").read_text())["question_split"]["gold"] == 1.0
    assert json.loads((out / "usage.json").read_text())["seconds"] > 0
    assert (out / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.count("execution accuracy") == 4


def test_command_without_sandbox(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("AUDITUNE_SANDBOX_DSN", raising=False)
    arguments = ["evaluate", "--config", str(CONFIG), "--data", str(write_dataset(tmp_path / "d")), "--model", "base"]
    assert main([*arguments, "--out", str(tmp_path / "e")]) == 2
    assert "AUDITUNE_SANDBOX_DSN" in capsys.readouterr().err


def test_unreachable_sandbox_does_not_show_the_dsn(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AUDITUNE_SANDBOX_DSN", "postgresql://auditune_sandbox:secret-word@127.0.0.1:1/warehouse")
    arguments = ["evaluate", "--config", str(CONFIG), "--data", str(write_dataset(tmp_path / "d")), "--model", "base"]
    assert main([*arguments, "--out", str(tmp_path / "e")]) == 2
    error = capsys.readouterr().err
    assert "cannot be reached" in error
    assert "secret-word" not in error
