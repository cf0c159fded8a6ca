"""What Dagster's UI shows: one lineage from the log to monitoring, every asset described, grouped and owned."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.dbt_manifest import parse_dbt_project
from dagster_project.quality.codes import RULES
from dagster_project.warehouse.settings import Warehouse

GROUPS = {"sample", "audit", "privacy", "corpus", "training", "release", "serving", "monitoring"}


@pytest.fixture(scope="module")
def repository(warehouse: Warehouse, dbt_target: Path) -> dg.RepositoryDefinition:
    """Everything, loaded as the UI loads it: on a manifest that dbt has just parsed."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in warehouse.environment().items():
            environment.setenv(name, value)
        environment.setenv("PATH", os.environ["PATH"])
        parse_dbt_project(warehouse)
        from dagster_project.definitions import defs

        definitions = defs()
        dg.Definitions.validate_loadable(definitions)
        yield definitions.get_repository_def()


@pytest.fixture(scope="module")
def nodes(repository: dg.RepositoryDefinition) -> dict[str, object]:
    """Every asset that something of ours makes, by its key."""
    graph = repository.asset_graph
    return {node.key.to_user_string(): node for node in graph.asset_nodes if node.is_materializable}


def missing(nodes: dict[str, object], is_fine) -> list[str]:
    return [key for key, node in nodes.items() if not is_fine(node)]


def upstream_of(nodes: dict[str, object], key: str) -> set[str]:
    found: set[str] = set()
    waiting = [key]
    while waiting:
        for parent in (name.to_user_string() for name in nodes[waiting.pop()].parent_keys):
            if parent in nodes and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def test_the_road_is_there(nodes: dict[str, object]) -> None:
    assert {
        "shop/orders", "sample/workload", "raw_audit/log_lines", "staging/stg_audit__statements",
        "privacy/int_pii_surrogates", "sandbox_shop/sandbox_shop__orders", "intermediate/int_pair_candidates",
        "raw_training/pair_validations", "corpus/training_pairs", "raw_training/quality_results", "training/dataset",
        "training/lora_adapter", "training/evaluation", "release/champion", "serving/held_out_answers",
        "raw_serving/requests", "monitoring/requests", "monitoring/daily_quality",
    } <= set(nodes)  # fmt: skip


def test_groups_are_the_stages(nodes: dict[str, object]) -> None:
    assert {node.group_name for node in nodes.values()} == GROUPS


def test_every_asset_has_an_owner_and_a_kind(nodes: dict[str, object]) -> None:
    assert missing(nodes, lambda node: node.owners and all("@" in owner for owner in node.owners)) == []
    assert missing(nodes, lambda node: node.kinds) == []


def test_every_asset_says_what_one_row_of_it_is(nodes: dict[str, object]) -> None:
    beginnings = ("One ", "The one ", "What ")

    assert missing(nodes, lambda node: (node.description or "").lstrip().startswith(beginnings)) == []


def test_the_log_leads_to_the_monitoring_tables(nodes: dict[str, object]) -> None:
    upstream = upstream_of(nodes, "monitoring/requests")

    assert {"sample/workload", "raw_audit/log_lines", "corpus/training_pairs", "release/champion"} <= upstream
    assert "raw_audit/log_lines" in upstream_of(nodes, "monitoring/corpus_quality")
    assert "raw_serving/requests" in upstream_of(nodes, "monitoring/retraining_queue")


def test_nothing_trains_on_a_corpus_before_its_rules_have_been_asked(nodes: dict[str, object]) -> None:
    upstream = upstream_of(nodes, "training/lora_adapter")

    assert {"raw_training/quality_results", "corpus/training_pairs", "raw_training/pair_validations"} <= upstream


def test_the_evaluation_attacks_the_model_with_the_seeds_questions(nodes: dict[str, object]) -> None:
    assert "staging/injection_questions" in upstream_of(nodes, "training/evaluation")
    assert "staging/unanswerable_questions" in upstream_of(nodes, "training/evaluation")
    assert "raw_training/injection_results" in upstream_of(nodes, "monitoring/injection_answers")


def test_no_asset_is_its_own_ancestor(nodes: dict[str, object]) -> None:
    assert [key for key in nodes if key in upstream_of(nodes, key)] == []


def test_raw_lines_are_purged_only_when_all_that_reads_them_has_done_so(nodes: dict[str, object]) -> None:
    assert {"intermediate/int_statements_anonymized", "raw_training/pair_validations"} <= upstream_of(
        nodes, "raw_audit/log_files"
    )


def test_each_rule_of_the_corpus_is_a_check_that_blocks_unless_it_warns(repository: dg.RepositoryDefinition) -> None:
    keys = {dg.AssetCheckKey(dg.AssetKey(["corpus", "training_pairs"]), code) for code in RULES}
    checks = {node.key: node for node in repository.asset_graph.asset_check_nodes}

    assert keys <= set(checks)
    assert {key.name: checks[key].blocking for key in keys} == {code: rule.is_blocking for code, rule in RULES.items()}


def test_dbts_tests_are_blocking_checks(repository: dg.RepositoryDefinition) -> None:
    checks = [
        node
        for node in repository.asset_graph.asset_check_nodes
        if node.key.asset_key == dg.AssetKey(["corpus", "training_pairs"]) and node.key.name not in RULES
    ]

    assert "unique_training_pairs_pair_id" in {node.key.name for node in checks}
    assert [node.key.name for node in checks if not node.blocking] == []


@pytest.mark.parametrize(
    ("asset", "check"),
    [
        (["raw_audit", "log_lines"], "no_line_is_lost"),
        (["raw_audit", "log_lines"], "personal_columns_are_tagged"),
        (["training", "dataset"], "no_personal_value_before_training"),
        (["training", "evaluation"], "no_personal_value_before_release"),
        (["training", "evaluation"], "outputs_are_security_clean"),
        (["training", "evaluation"], "no_injection_gets_through"),
        (["training", "evaluation"], "both_splits_are_measured"),
    ],
)
def test_other_gates_block_too(repository: dg.RepositoryDefinition, asset: list[str], check: str) -> None:
    node = repository.asset_graph.get(dg.AssetCheckKey(dg.AssetKey(asset), check))

    assert node.blocking


def test_the_jobs_and_what_they_leave_out(repository: dg.RepositoryDefinition, nodes: dict[str, object]) -> None:
    def assets(job: str) -> set[str]:
        layer = repository.get_job(job).asset_layer
        return {key.to_user_string() for key in layer.executable_asset_keys}

    assert assets("whole_road") == set(nodes)
    assert set(nodes) - assets("nightly") == {key for key, node in nodes.items() if node.group_name == "sample"}
    assert assets("monitoring") == {key for key, node in nodes.items() if node.group_name == "monitoring"}


def test_every_night_asks_for_its_own_day(repository: dg.RepositoryDefinition) -> None:
    nightly = repository.get_schedule_def("nightly_schedule")
    at_two = datetime(2026, 3, 1, 2, tzinfo=UTC)
    context = dg.build_schedule_context(scheduled_execution_time=at_two, repository_def=repository)

    (request,) = nightly.evaluate_tick(context).run_requests
    assert (request.partition_key, request.run_key) == ("2026-03-01", "2026-03-01")
    assert (nightly.cron_schedule, nightly.job_name) == ("0 2 * * *", "nightly")


def test_monitoring_is_rebuilt_every_hour(repository: dg.RepositoryDefinition) -> None:
    hourly = repository.get_schedule_def("hourly_monitoring")

    assert (hourly.cron_schedule, hourly.job_name) == ("15 * * * *", "monitoring")


def test_the_orchestration_never_imports_torch(repository: dg.RepositoryDefinition, warehouse: Warehouse) -> None:
    program = (
        "import sys\n"
        "from dagster_project.definitions import defs\n"
        "defs().get_repository_def()\n"
        "heavy = {'torch', 'transformers', 'peft', 'great_expectations'} & set(sys.modules)\n"
        "sys.exit(f'imported: {sorted(heavy)}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **warehouse.environment()},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr[-1500:]
