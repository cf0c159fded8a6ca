"""From an evaluated adapter to the champion: the encrypted release, the gate's decision, the alias."""

import dagster as dg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from dagster_project.corpus.dataset import current_dataset
from dagster_project.resources.warehouse import WarehouseResource, insert_rows
from dagster_project.training_runs import run_for
from dagster_project.training_settings import TrainingSettings
from training.gate import GateDecision, Scorecard, decide
from training.gate.scorecard import SPLITS
from training.registry.aliases import promote, resolve
from training.registry.records import RegistryError
from training.registry.releasing import release

OWNERS = ["platform@example.com"]
EVALUATION = ["training", "evaluation"]
CHAMPION = dg.AssetKey(["release", "champion"])
USED_BY = "dagster release/champion"


def _spec(key: list[str], description: str, kinds: set[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        key, deps=[EVALUATION], group_name="release", kinds=kinds, owners=OWNERS, code_version="1",
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
            description="The newest adapter is no worse than the champion, better than the base model, security clean.",
        )
    ],
    name="release_adapter",
)
def release_adapter(context: dg.AssetExecutionContext, warehouse: WarehouseResource):
    """Encrypts and registers the newest adapter, and makes it the champion if the gate lets it."""
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
        champion_id = _champion_id(connection)
        if champion_id == adapter_id:
            decision = GateDecision(True, "It is the champion already.")
        else:
            decision = decide(challenger, _scorecard_of(connection, champion_id), base)
            decision_row = {
                "run_id": run.run_id,
                "champion_id": champion_id,
                "is_promoted": decision.is_promoted,
                "reason": decision.reason,
                "numbers": Jsonb(decision.numbers),
            }
            insert_rows(connection, "raw_training.gate_decisions", [decision_row])
            if decision.is_promoted:
                promote(connection, adapter_id, set_by=USED_BY, reason=decision.reason)
                champion_id = adapter_id
        counts = {
            table: warehouse.count(connection, f"raw_training.{table}")
            for table in ("adapters", "adapter_aliases", "gate_decisions")
        }
    context.log.info(f"Adapter {adapter_id}: {decision.reason}")
    if champion_id is None:
        raise dg.Failure(
            f"There is no champion to serve. {decision.reason} Add pairs to the corpus, or promote it all the same "
            f"with `python -m training registry promote {adapter_id} --reason WHY`."
        )
    yield dg.MaterializeResult(
        asset_key=CHAMPION,
        metadata={"champion": champion_id, "challenger": adapter_id, "decision": decision.reason},
        data_version=dg.DataVersion(champion_id),
    )
    for table, count in counts.items():
        yield dg.MaterializeResult(asset_key=["raw_training", table], metadata={"dagster/row_count": count})
    yield dg.AssetCheckResult(
        asset_key=CHAMPION,
        check_name="release_gate",
        passed=decision.is_promoted,
        severity=dg.AssetCheckSeverity.WARN,  # the champion stays: nobody is worse off
        description=decision.reason,
        metadata={"numbers": dg.MetadataValue.json(decision.numbers)},
    )


def _champion_id(connection) -> str | None:
    try:
        return resolve(connection).adapter_id
    except RegistryError:
        return None


def _scorecard_of(connection, adapter_id: str | None) -> Scorecard | None:
    """The champion's scores as they were measured when it was judged; the gate pairs what is shared."""
    if adapter_id is None:
        return None
    with connection.cursor(row_factory=dict_row) as cursor:
        run_id = cursor.execute(
            "select run_id from raw_training.adapters where adapter_id = %s", [adapter_id]
        ).fetchone()["run_id"]
        tables = ("evaluations", "evaluation_results")
        scores, results = (
            cursor.execute(
                f"select * from raw_training.{table} where evaluation_id = %s and model = 'adapter'", [run_id]
            ).fetchall()
            for table in tables
        )
    return Scorecard.from_evaluation("adapter", scores, results)
