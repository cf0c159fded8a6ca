"""The adapter and its evaluation. Both run in a subprocess through Dagster Pipes; here is no torch."""

import sys
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterPipesExecutionError  # it has no public name
from psycopg.types.json import Jsonb

from dagster_project.corpus.dataset import current_dataset
from dagster_project.embedded.settings import REPOSITORY
from dagster_project.resources.warehouse import WarehouseResource, insert_rows
from dagster_project.training_runs import Run, error_table, picture, run_for
from dagster_project.training_settings import TrainingSettings

OWNERS = ["platform@example.com"]
POOL = "training"  # one at a time: a training takes all cores, or the GPU
RESULT_TABLES = ("evaluations", "evaluation_results", "injection_results")
RUN_COLUMNS = (
    "run_id", "started_at", "finished_at", "status", "base_model", "dataset_hash", "examples", "epochs", "steps",
    "seconds", "pairs_per_second", "trainable_fraction", "final_train_loss", "best_validation_loss",
)  # fmt: skip


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["training", "lora_adapter"],
            deps=[["training", "dataset"]],
            group_name="training",
            kinds={"pytorch", "huggingface"},
            owners=OWNERS,
            code_version="1",
            description="One LoRA adapter per data set and preset, in `.auditune/runs/<run_id>/adapter`.",
        ),
        dg.AssetSpec(
            ["raw_training", "runs"],
            deps=[["training", "dataset"]],
            group_name="training",
            kinds={"postgres"},
            owners=OWNERS,
            description="One row per training run.",
        ),
    ],
    name="train_adapter",
    pool=POOL,
)
def train_adapter(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    pipes_subprocess_client: dg.PipesSubprocessClient,
):
    """Trains on the newest data set; a run that was killed goes on from its checkpoint, one that is done is reused."""
    run, arguments = _run_and_arguments(warehouse)
    is_reused = run.summary() is not None
    if is_reused:
        context.log.info(f"The run {run.run_id} has trained on this data set with this preset: its adapter is reused")
    else:
        context.log.info(f"Trains in {run.folder}")
        _run_training_process(
            context, warehouse, pipes_subprocess_client, ["train", *arguments, "--out", str(run.folder), "--resume"]
        )
    summary = run.summary()
    with warehouse.owner() as connection:
        if not connection.execute("select 1 from raw_training.runs where run_id = %s", [run.run_id]).fetchone():
            row = {column: summary[column] for column in RUN_COLUMNS} | {"config": Jsonb(summary["config"])}
            insert_rows(connection, "raw_training.runs", [row])
            insert_rows(connection, "raw_training.usage", [_usage_row("train", run, summary)])
        total = warehouse.count(connection, "raw_training.runs")
    yield dg.MaterializeResult(
        asset_key=["training", "lora_adapter"],
        metadata={
            "run_id": run.run_id,
            "is_reused": is_reused,
            **{name: summary[name] for name in ("examples", "epochs", "steps", "seconds", "pairs_per_second")},
            "trainable_fraction": summary["trainable_fraction"],
            "best_validation_loss": summary["best_validation_loss"],
            "peak_memory_mib": summary["peak_memory_mib"],
            "loss_curve": picture(run.folder / "loss.png"),
        },
        data_version=dg.DataVersion(run.run_id),
    )
    yield dg.MaterializeResult(asset_key=["raw_training", "runs"], metadata={"dagster/row_count": total})


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["training", "evaluation"],
            deps=[["training", "lora_adapter"], ["raw_training", "suite_variants"]],
            group_name="training",
            kinds={"pytorch", "postgres"},
            owners=OWNERS,
            code_version="1",
            description="One number with its 95 % interval per model, held-out split, metric and category.",
        ),
        dg.AssetSpec(
            ["raw_training", "evaluations"],
            deps=[["training", "lora_adapter"]],
            group_name="training",
            kinds={"postgres"},
            owners=OWNERS,
            description="One row per evaluation, model, split, metric and category.",
        ),
        dg.AssetSpec(
            ["raw_training", "evaluation_results"],
            deps=[["training", "lora_adapter"]],
            group_name="training",
            kinds={"postgres"},
            owners=OWNERS,
            description="One row per evaluation, model, split and held-out pair.",
        ),
        dg.AssetSpec(
            ["raw_training", "injection_results"],
            deps=[["training", "lora_adapter"]],
            group_name="training",
            kinds={"postgres"},
            owners=OWNERS,
            description="One row per evaluation, model and injection question.",
        ),
        dg.AssetSpec(
            ["raw_training", "usage"],
            deps=[["training", "lora_adapter"]],
            group_name="training",
            kinds={"postgres"},
            owners=OWNERS,
            description="One row per stage of a run that used compute, with seconds and cost.",
        ),
    ],
    name="evaluate_adapter",
    pool=POOL,
)
def evaluate_adapter(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    pipes_subprocess_client: dg.PipesSubprocessClient,
):
    """Judges the base model and the adapter on both held-out splits by running their SQL in the sandbox."""
    run, arguments = _run_and_arguments(warehouse)
    if not run.is_evaluated(current_dataset(warehouse.settings.home)):
        _run_training_process(
            context,
            warehouse,
            pipes_subprocess_client,
            ["evaluate", *arguments, "--out", str(run.evaluation), "--adapter", str(run.adapter)],
        )
    summary, scores = run.summary(), run.scores()
    usage = run.evaluation_usage()
    common = {"evaluation_id": run.run_id}
    with warehouse.owner() as connection:
        known = connection.execute(
            "select 1 from raw_training.evaluations where evaluation_id = %s and evaluated_at = %s limit 1",
            [run.run_id, usage["finished_at"]],
        ).fetchone()
        if not known:
            for_rows = {"evaluated_at": usage["finished_at"], "base_model": summary["base_model"]}
            for_rows["dataset_hash"] = summary["dataset_hash"]
            for table in RESULT_TABLES:  # of the same adapter, judged before with other questions
                connection.execute(f"delete from raw_training.{table} where evaluation_id = %s", [run.run_id])
            insert_rows(connection, "raw_training.evaluation_results", [common | row for row in run.results()])
            attacks = [common | row for row in run.injection_results()]
            insert_rows(connection, "raw_training.injection_results", attacks)
            insert_rows(connection, "raw_training.usage", [_usage_row("evaluate", run, usage)])
            rows = [
                common | for_rows | row | {"run_id": run.run_id if row["model"] == "adapter" else None}
                for row in scores
            ]
            insert_rows(connection, "raw_training.evaluations", rows)  # last: its presence says that all is there
        counts = {table: warehouse.count(connection, f"raw_training.{table}") for table in (*RESULT_TABLES, "usage")}
    yield dg.MaterializeResult(
        asset_key=["training", "evaluation"],
        metadata={
            **{
                f"{row['model']}_{row['split']}": row["value"]
                for row in scores
                if row["metric"] == "execution_accuracy" and row["category"] == "all"
            },
            "accuracy": picture(run.evaluation / "accuracy.png"),
            "errors": error_table(scores),
        },
    )
    for table, count in counts.items():
        yield dg.MaterializeResult(asset_key=["raw_training", table], metadata={"dagster/row_count": count})


def _run_and_arguments(warehouse: WarehouseResource) -> tuple[Run, list[str]]:
    settings, config = warehouse.settings, TrainingSettings().training_config
    data = current_dataset(settings.home)
    arguments = ["--config", str(config), "--data", str(data), "--base-model", settings.base_model]
    return run_for(settings.home, data.name, config, settings.base_model), arguments


def _run_training_process(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    client: dg.PipesSubprocessClient,
    arguments: list[str],
) -> None:
    """Runs the training command.

    Raises:
        dg.Failure: it failed; its own sentence stands above in the log.
    """
    try:
        client.run(
            command=[sys.executable, "-m", "dagster_project.training_process", *arguments],
            context=context,
            cwd=str(REPOSITORY),  # dbt, run in this process for its row counts, has changed the working directory
            # Threads that wait spin for some 20 µs and then sleep. Where something else runs on the same cores, threads
            # that only spin made a step twelve times slower; where nothing does, threads that sleep at once made it 1.4
            # times slower, and these as fast as spinning ones (1.34 s a step, measured on two cores).
            env={**warehouse.settings.environment(), "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "20000"},
        ).get_results()
    except DagsterPipesExecutionError as error:
        raise dg.Failure(
            f"`python -m training {arguments[0]}` failed: its last line above says why; after mending that, run "
            "`make run` again and it goes on from its last checkpoint."
        ) from error


def _usage_row(stage: str, run: Run, figures: dict[str, Any]) -> dict[str, Any]:
    """One row of raw_training.usage."""
    price = TrainingSettings().price_per_hour_usd
    return {
        "stage": stage,
        "run_id": run.run_id,
        "recorded_at": figures["finished_at"],
        "device": figures["device"],
        "wall_seconds": figures["seconds"],
        "cpu_seconds": figures["cpu_seconds"],
        "gpu_seconds": figures["gpu_seconds"],
        "price_per_hour_usd": price,
        "cost_usd": figures["seconds"] / 3600 * price,
        "peak_memory_mib": figures["peak_memory_mib"],
        "pairs": figures["pairs"],
        "tokens": figures["tokens"],
    }
