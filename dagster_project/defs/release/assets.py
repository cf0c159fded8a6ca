"""From an evaluated adapter to the champion: the encrypted release, the gate's decision and report, the aliases."""

from typing import Any

import dagster as dg
import psycopg
from psycopg.types.json import Jsonb

from dagster_project.champion_scores import champion_scorecard
from dagster_project.corpus.dataset import current_dataset
from dagster_project.gate_metadata import findings_table, report_with_pictures
from dagster_project.resources.warehouse import WarehouseResource, insert_rows
from dagster_project.training_runs import Run, run_for
from dagster_project.training_settings import TrainingSettings
from dagster_project.warehouse.settings import Warehouse
from training.gate import Finding, GateDecision, Scorecard, decide
from training.gate.report import REPORT_FILE, Subject
from training.gate.scorecard import SPLITS
from training.registry.aliases import promote, resolve
from training.registry.records import CHALLENGER, AdapterRecord, RegistryError
from training.registry.releasing import release

OWNERS = ["platform@example.com"]
EVALUATION = ["training", "evaluation"]
CHAMPION = dg.AssetKey(["release", "champion"])
USED_BY = "dagster release/champion"


def _spec(key: list[str], description: str, kinds: set[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        key, deps=[EVALUATION], group_name="release", kinds=kinds, owners=OWNERS, code_version="3",
        description=description,
    )  # fmt: skip


@dg.multi_asset(
    specs=[
        _spec(["release", "champion"], "The one adapter that the API serves.", {"huggingface"}),
        _spec(["raw_training", "adapters"], "One row per released adapter.", {"postgres"}),
        _spec(["raw_training", "adapter_aliases"], "One row per move of an alias.", {"postgres"}),
        _spec(["raw_training", "gate_decisions"], "One row per decision of the gate, with its numbers.", {"postgres"}),
    ],
    check_specs=[
        dg.AssetCheckSpec(
            "release_gate",
            asset=CHAMPION,
            description="The newest adapter is better than the base model, no worse than the champion on either split "
            "and in any category, no slower, security clean, and lets no injection through.",
        )
    ],
    name="release_adapter",
)
def release_adapter(context: dg.AssetExecutionContext, warehouse: WarehouseResource):
    """Encrypts and registers the newest adapter as the challenger, and makes it champion too if the gate lets it."""
    settings, config = warehouse.settings, TrainingSettings().training_config
    data = current_dataset(settings.home)
    run = run_for(settings.home, data.name, config, settings.base_model)
    scores = run.scores()
    if scores is None:
        raise dg.Failure("The newest data set has no evaluated adapter: materialize training/evaluation first.")
    results = run.results()
    challenger, base = (Scorecard.from_evaluation(model, scores, results) for model in ("adapter", "base"))
    with warehouse.owner() as connection:
        adapter_id = release(
            connection,
            run_dir=run.folder,
            dataset_dir=data,
            home=settings.home,
            metrics={split: vars(score) for split in SPLITS if (score := challenger.score(split)) is not None},
            used_by=USED_BY,
            kms_key_arn=TrainingSettings().kms_key_arn or None,
        )
        # Before it is judged, so that a challenger that is refused, or a gate that fails, has its name all the same.
        promote(connection, adapter_id, alias=CHALLENGER, set_by=USED_BY, reason=_measured(run, challenger))
        champion = _champion(connection)
        champion_id = None if champion is None else champion.adapter_id
        if champion_id == adapter_id:
            decision = GateDecision(True, "It is the champion already.")
            shown = _show(settings, _last_numbers(connection, run.run_id))
        else:
            decision, shown = _judge(connection, settings, run, adapter_id, challenger, champion, base)
            if decision.is_promoted:
                promote(connection, adapter_id, set_by=USED_BY, reason=decision.reason)
                champion_id = adapter_id
        counts = {
            table: warehouse.count(connection, f"raw_training.{table}")
            for table in ("adapters", "adapter_aliases", "gate_decisions")
        }
    context.log.info(f"Adapter {adapter_id}: {decision.reason}")
    sentence = decision.reason
    if champion_id is None:
        sentence = (
            f"There is no champion to serve. {decision.reason} Add pairs to the corpus, or promote it all the same "
            f"with `python -m training registry promote {adapter_id} --reason WHY`."
        )
    # Before a failure is raised, so that the table is shown where it is needed most. A refusal is no error where the
    # champion stays: nobody is worse off.
    yield dg.AssetCheckResult(
        asset_key=CHAMPION,
        check_name="release_gate",
        passed=decision.is_promoted,
        severity=dg.AssetCheckSeverity.ERROR if champion_id is None else dg.AssetCheckSeverity.WARN,
        description=sentence,
        metadata=shown,
    )
    if champion_id is None:
        raise dg.Failure(sentence)
    yield dg.MaterializeResult(
        asset_key=CHAMPION,
        metadata={"champion": champion_id, "challenger": adapter_id, "decision": decision.reason}
        | {name: value for name, value in shown.items() if name in ("report", "report_folder")},
        data_version=dg.DataVersion(champion_id),
    )
    for table, count in counts.items():
        yield dg.MaterializeResult(asset_key=["raw_training", table], metadata={"dagster/row_count": count})


def _judge(
    connection: psycopg.Connection,
    settings: Warehouse,
    run: Run,
    adapter_id: str,
    challenger: Scorecard,
    champion: AdapterRecord | None,
    base: Scorecard,
) -> tuple[GateDecision, dict[str, dg.MetadataValue]]:
    """Decides, stores the report beside the adapter and the decision as a row; returns what the check shows."""
    from training.gate.storing import store_report  # matplotlib: half a second for every other process

    summary = run.summary()
    rival = None
    if champion is not None:
        data, suite_hash = current_dataset(settings.home), challenger.suite_hash
        rival = champion_scorecard(connection, settings, champion, summary["base_model"], suite_hash, data)
    decision = decide(challenger, rival, base)
    champion_id = None if champion is None else champion.adapter_id
    subject = Subject(adapter_id, run.run_id, summary["base_model"], summary["dataset_hash"], champion_id)
    metrics = run.folder / "metrics.jsonl"
    report = store_report(settings.home, subject, decision, challenger, rival, base, metrics)
    numbers = decision.numbers | {"report": {"path": report.path, "content_hash": report.content_hash}}
    decision_row = {
        "run_id": run.run_id,
        "champion_id": champion_id,
        "is_promoted": decision.is_promoted,
        "reason": decision.reason,
        "numbers": Jsonb(numbers),
    }
    insert_rows(connection, "raw_training.gate_decisions", [decision_row])
    return decision, _show(settings, numbers)


def _measured(run: Run, challenger: Scorecard) -> str:
    """Why an adapter becomes the challenger, in a sentence: it was trained and judged, and how it did."""
    figures = [
        f"{score.value:.1%} of {score.n} on the {split}"
        for split in SPLITS
        if (score := challenger.score(split)) is not None
    ]
    return f"Trained and judged in the run {run.run_id}: {', '.join(figures) or 'on no pair'}."


def _last_numbers(connection: psycopg.Connection, run_id: str) -> dict[str, Any]:
    """The numbers of the newest decision on a run; none where a person promoted it before the gate saw it."""
    row = connection.execute(
        "select numbers from raw_training.gate_decisions where run_id = %s order by decision_id desc limit 1", [run_id]
    ).fetchone()
    return {} if row is None else row[0]


def _show(settings: Warehouse, numbers: dict[str, Any]) -> dict[str, dg.MetadataValue]:
    """What the check shows of a decision's numbers; of one of an earlier version, the numbers alone."""
    shown: dict[str, dg.MetadataValue] = {"numbers": dg.MetadataValue.json(numbers)} if numbers else {}
    if "findings" in numbers:
        shown["findings"] = findings_table([Finding(**row) for row in numbers["findings"]])
    if "report" in numbers and (file := settings.home / numbers["report"]["path"] / REPORT_FILE).is_file():
        shown["report"] = report_with_pictures(file)
        shown["report_folder"] = dg.MetadataValue.path(str(file.parent))
    return shown


def _champion(connection: psycopg.Connection) -> AdapterRecord | None:
    try:
        return resolve(connection)
    except RegistryError:
        return None
