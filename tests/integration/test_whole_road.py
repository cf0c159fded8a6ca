"""The whole road on a small sample: from a log that PostgreSQL wrote to answers over HTTP and the monitoring tables.

The warehouse is given as a user gives his own (`AUDITUNE_DSN`, `AUDITUNE_AUDIT_LOGS`). The model is a tiny Llama with
random weights: it learns nothing, so the gate refuses it, and a person promotes it by hand before the road goes on.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from dagster_project.audit_log.ingest import find_log_files
from dagster_project.embedded.settings import REPOSITORY
from dagster_project.sample.business import create_business
from dagster_project.sample.replay import ask_questions
from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.settings import ROLE_VARIABLES, Warehouse
from tests.integration import canaries
from tests.people import logged_lines, person_dsn

QUESTIONS = 150  # so many that each held-out part has some
_LAST_WORDS = "select 'this is all for today'"
_AFTER_THE_GATE = 'group:"release" or group:"serving" or group:"monitoring"'


@pytest.fixture(scope="module")
def environment(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory, dbt_target: Path) -> dict[str, str]:
    """What a user sets to point auditune at his own PostgreSQL and log, in a state folder of its own."""
    home = tmp_path_factory.mktemp("home")
    create_business(warehouse.admin_dsn, scale=0.05)
    with psycopg.connect(warehouse.admin_dsn, autocommit=True, options="-c search_path=shop") as admin:
        canaries.plant_in_tables(admin)
        grant_business_schema(admin, "shop")
        asked = ask_questions(admin, seed=7)
    # Every person's question, and as many of the others as there is room for.
    people = [question for question in asked if "customers.full_name" in question.sql or "email" in question.sql][:20]
    others = [question for question in asked if question not in people][:: max(1, len(asked) // QUESTIONS)]
    with (
        person_dsn(warehouse.admin_dsn, "shop") as dsn,
        psycopg.connect(dsn, autocommit=True, application_name="psql", options="-c search_path=shop") as person,
    ):
        for question in people + others:
            person.execute(f"-- question: {question.question}\n{question.sql}")
        canaries.ask_about_them(person)
        person.execute(_LAST_WORDS)
        lines = logged_lines(warehouse, person.info.dbname, last=_LAST_WORDS)
    log = home / "postgresql.json"
    log.write_text("".join(lines))
    dsns = {variable: warehouse.environment()[variable] for variable in ROLE_VARIABLES.values()}
    return {
        **os.environ,
        **dsns,
        "AUDITUNE_HOME": str(home),
        "AUDITUNE_AUDIT_LOGS": str(log),
        "AUDITUNE_SCHEMAS": "shop",
        "AUDITUNE_BASE_MODEL": "random:tiny",
        "AUDITUNE_TRAINING_CONFIG": str(Path(__file__).with_name("tiny.yaml")),
        "AUDITUNE_MIN_PAIRS": "30",
    }


@pytest.fixture(scope="module")
def first_run(environment: dict[str, str]) -> subprocess.CompletedProcess:
    """`make run` without its set-up."""
    return _python(environment, "-m", "dagster_project.pipeline")


@pytest.fixture(scope="module")
def second_run(
    environment: dict[str, str], first_run: subprocess.CompletedProcess, warehouse: Warehouse
) -> subprocess.CompletedProcess:
    """What follows after a person has promoted the adapter."""
    (adapter_id,) = _one(warehouse, "select adapter_id from raw_training.adapters")
    promoted = _python(environment, "-m", "training", "registry", "promote", adapter_id, "--reason", "test")
    assert promoted.returncode == 0, promoted.stderr
    exported = {**environment, **_exported(Path(environment["AUDITUNE_HOME"]) / "env")}
    command = [Path(sys.executable).with_name("dg"), "launch", "--assets", _AFTER_THE_GATE]
    return subprocess.run(command, cwd=REPOSITORY, env=exported, capture_output=True, text=True)


def test_the_road_ends_at_the_gate_with_a_sentence(first_run: subprocess.CompletedProcess):
    assert first_run.returncode == 1
    assert "There is no champion to serve" in first_run.stderr
    assert "not better than the base model" in first_run.stderr
    assert "Traceback" not in first_run.stderr


def test_the_corpus_is_made_from_the_log(first_run: subprocess.CompletedProcess, warehouse: Warehouse):
    pairs, lines = _one(
        warehouse,
        "select count(distinct pairs.pair_id), count(*) from corpus.training_pairs as pairs"
        " inner join corpus.pair_lineage as lineage on pairs.pair_id = lineage.pair_id"
        " inner join raw_audit.log_lines as log on lineage.log_file = log.log_file"
        " and lineage.byte_offset = log.byte_offset",
    )
    assert pairs >= 60
    assert lines >= pairs
    assert _one(warehouse, "select count(*) from corpus.training_pairs") == (pairs,)


def test_the_dataset_holds_no_value_of_a_tagged_column(
    first_run: subprocess.CompletedProcess, environment: dict[str, str], warehouse: Warehouse
):
    (dataset,) = Path(environment["AUDITUNE_HOME"]).glob("datasets/*/pairs.jsonl")
    content = dataset.read_text()
    with psycopg.connect(warehouse.dsn) as owner:
        values = owner.execute("select full_name, email, phone from shop.customers").fetchall()
    surrogates = "select full_name from sandbox_shop.customers"
    with psycopg.connect(warehouse.dsn) as owner:
        assert any(name in content for (name,) in owner.execute(surrogates))  # people are asked about at all
    assert not [value for row in values for value in row if value in content]


def test_base_and_adapter_are_judged_on_both_splits(first_run: subprocess.CompletedProcess, warehouse: Warehouse):
    with psycopg.connect(warehouse.dsn) as owner:
        rows = owner.execute(
            "select model, split from raw_training.evaluations"
            " where metric = 'execution_accuracy' and category = 'all' and n > 0 order by 1, 2"
        ).fetchall()
    assert rows == [(model, f"{split}_split") for model in ("adapter", "base") for split in ("question", "template")]


def test_the_gates_report_lies_beside_the_adapter(first_run: subprocess.CompletedProcess, environment: dict[str, str]):
    (report,) = Path(environment["AUDITUNE_HOME"]).glob("adapters/*/gate/*/report.md")
    assert "it is not better than the base model on the question_split" in report.read_text()
    assert {path.name for path in report.parent.glob("*.png")} == {
        "accuracy_by_category.png", "errors.png", "loss.png",
    }  # fmt: skip


@pytest.mark.slow
def test_the_adapter_is_encrypted_and_each_use_of_the_key_is_a_row(
    second_run: subprocess.CompletedProcess, environment: dict[str, str], warehouse: Warehouse
):
    (folder,) = [path for path in (Path(environment["AUDITUNE_HOME"]) / "adapters").iterdir() if path.is_dir()]
    assert {path.name for path in folder.iterdir()} == {"adapter.enc", "manifest.json", "gate"}
    assert b"lora_A" not in (folder / "adapter.enc").read_bytes()
    with psycopg.connect(warehouse.dsn) as owner:
        operations = {row[0] for row in owner.execute("select operation from raw_training.key_uses")}
    assert operations == {"encrypt", "decrypt"}


@pytest.mark.slow
def test_the_promoted_adapter_answers_over_http_and_every_request_is_a_row(
    second_run: subprocess.CompletedProcess, warehouse: Warehouse
):
    assert second_run.returncode == 0, second_run.stdout[-3000:] + second_run.stderr[-3000:]
    held_out = "select count(*) from corpus.training_pairs where question_split = 'test' or template_split = 'test'"
    expected = min(24, _one(warehouse, held_out)[0])
    assert _one(warehouse, "select count(*), count(adapter_id) from raw_serving.requests") == (expected, expected)
    assert _one(warehouse, "select sum(request_count) from monitoring.daily_quality") == (expected,)


@pytest.mark.slow
def test_monitoring_says_what_failed_what_is_covered_and_what_it_cost(
    second_run: subprocess.CompletedProcess, warehouse: Warehouse
):
    queue = "select count(*), count(error_class) from monitoring.retraining_queue"
    failed, classified = _one(warehouse, queue)
    assert failed == classified > 0  # an untrained model fails
    covered, columns = _one(
        warehouse, "select count(*) filter (where is_covered), count(*) from monitoring.schema_coverage"
    )
    assert 0 < covered < columns
    stages = "select array_agg(distinct stage order by stage) from monitoring.compute_hours"
    assert _one(warehouse, stages) == (["evaluate", "train"],)
    complete = "select bool_and(tokens > 0 and pairs > 0 and peak_memory_mib > 0) from monitoring.compute_hours"
    assert _one(warehouse, complete) == (True,)
    aliases = "select array_agg(alias order by alias), count(distinct adapter_id) from monitoring.adapter_history"
    assert _one(warehouse, f"{aliases} where is_current") == (["challenger", "champion"], 1)


def test_the_persons_of_the_log_are_asked_about_under_other_names(
    first_run: subprocess.CompletedProcess, warehouse: Warehouse
):
    in_log = _one(warehouse, "select count(*) from raw_audit.log_lines where line::text ~* 'quorvexa|canarymail'")
    pairs = _one(warehouse, "select count(*) from corpus.training_pairs where input ilike '%canary%'")
    rejected = "select reason from corpus.rejected_pairs where question like '%Canary rejected'"

    assert in_log[0] >= 8
    assert pairs == (9,)
    assert _one(warehouse, rejected) == ("parity_differs",)


@pytest.mark.slow
def test_no_secret_is_in_a_table_but_those_of_the_business_and_the_raw_log(
    second_run: subprocess.CompletedProcess, warehouse: Warehouse
):
    with psycopg.connect(warehouse.admin_dsn) as admin:
        searched, found = canaries.tables_with_secrets(admin, ["shop", "raw_audit"])
        _, found_there = canaries.tables_with_secrets(admin, [])

    assert searched > 40
    assert found == {}
    assert set(found_there) >= {"shop.customers", "shop.employees", "shop.support_tickets", "raw_audit.log_lines"}


@pytest.mark.slow
def test_no_secret_is_in_a_file_or_a_line_of_ours(
    first_run: subprocess.CompletedProcess,
    second_run: subprocess.CompletedProcess,
    environment: dict[str, str],
    warehouse: Warehouse,
    dbt_target: Path,
):
    log = Path(environment["AUDITUNE_AUDIT_LOGS"])
    searched, found = canaries.files_with_secrets(Path(environment["AUDITUNE_HOME"]), [log])
    compiled, found_compiled = canaries.files_with_secrets(dbt_target, [])
    outputs = first_run.stdout + first_run.stderr + second_run.stdout + second_run.stderr
    server_lines = [line for path in find_log_files(warehouse.audit_logs) for line in path.read_text().splitlines()]

    assert searched > 30
    assert compiled > 100
    assert (found, found_compiled) == ({}, {})
    assert canaries.secrets_in(outputs) == []
    assert [line for line in canaries.lines_of_ours(server_lines) if canaries.secrets_in(line)] == []
    assert canaries.secrets_in(log.read_text()) != []


def test_the_proof_was_given_before_training_and_before_the_release(
    first_run: subprocess.CompletedProcess, warehouse: Warehouse
):
    with psycopg.connect(warehouse.dsn) as owner:
        rows = owner.execute(
            "select is_success, unexpected_count from raw_training.quality_results"
            " where rule_code = 'no_personal_value_anywhere'"
        ).fetchall()
    assert rows == [(True, 0), (True, 0)]


def _python(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], cwd=REPOSITORY, env=environment, capture_output=True, text=True)


def _one(warehouse: Warehouse, statement: str) -> tuple:
    with psycopg.connect(warehouse.dsn) as owner:
        return owner.execute(statement).fetchone()


def _exported(env_file: Path) -> dict[str, str]:
    """The variables that `. .auditune/env` gives a shell."""
    script = f"set -a; . {env_file}; {sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    shell = subprocess.run(["sh", "-c", script], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
    return json.loads(shell.stdout)
