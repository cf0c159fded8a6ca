"""From candidate pairs to the data set: sandbox verdicts, the quality gate, the files that training reads."""

from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg

from dagster_project.corpus.dataset import write_dataset, write_injection_questions, write_unanswerable_questions
from dagster_project.corpus.settings import CorpusSettings
from dagster_project.corpus.validation import judge_new_candidates
from dagster_project.quality.codes import RULES
from dagster_project.resources.warehouse import WarehouseResource, insert_rows
from training.sql.catalog import read_catalog

OWNERS = ["analytics@example.com"]
PAIRS = dg.AssetKey(["corpus", "training_pairs"])
CATALOG = dg.AssetKey(["corpus", "schema_catalog"])


@dg.asset(
    key=["raw_training", "pair_validations"],
    deps=[["intermediate", "int_pair_candidates"], CATALOG],
    group_name="corpus",
    kinds={"postgres", "python"},
    owners=OWNERS,
    code_version="2",
    description="One row per candidate pair and catalog: its canonical form, the verdict with a reason, its parity.",
)
def pair_validations(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Judges the candidates that have no final verdict yet under the present catalog."""
    settings = warehouse.settings
    with warehouse.owner() as connection:
        reasons = judge_new_candidates(
            settings, connection, lambda done, total: context.log.info(f"{done} of {total} candidates judged")
        )
        total = warehouse.count(connection, "raw_training.pair_validations")
    table = dg.MetadataValue.table(
        [dg.TableRecord({"reason": reason, "pairs": count}) for reason, count in reasons.most_common()]
        or [dg.TableRecord({"reason": "none", "pairs": 0})]
    )
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": total,
            "accepted": reasons["accepted"],
            "rejected": reasons.total() - reasons["accepted"],
            "new_verdicts": table,
        }
    )


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["raw_training", "quality_results"],
            deps=[PAIRS],
            group_name="corpus",
            kinds={"postgres", "greatexpectations"},
            owners=OWNERS,
            code_version="2",
            description="One row per Great Expectations rule and validation of the corpus.",
        )
    ],
    check_specs=[
        dg.AssetCheckSpec(code, asset=PAIRS, blocking=rule.is_blocking, description=rule.description)
        for code, rule in RULES.items()
    ],
    name="corpus_quality_gate",
    allow_arbitrary_check_specs=True,
)
def corpus_quality_gate(context: dg.AssetExecutionContext, warehouse: WarehouseResource):
    """Validates the corpus with Great Expectations; a blocking rule that fails stops everything downstream."""
    from dagster_project.quality.validate import validate_corpus  # seconds of imports that only this step needs

    minimum_pairs = CorpusSettings().min_pairs
    pages = warehouse.settings.home / "quality"
    results = validate_corpus(warehouse.settings.dsn, minimum_pairs, pages)
    now = datetime.now(UTC)
    with warehouse.owner() as connection:
        insert_rows(
            connection,
            "raw_training.quality_results",
            [{"validated_at": now, **asdict(result)} for result in results],
        )
        total = warehouse.count(connection, "raw_training.quality_results")
    failed = [result for result in results if not result.is_success]
    yield dg.MaterializeResult(
        asset_key=["raw_training", "quality_results"],
        metadata={
            "dagster/row_count": total,
            "rules": len(results),
            "failed": sum(result.is_blocking for result in failed),
            "warnings": sum(not result.is_blocking for result in failed),
            "documentation": dg.MetadataValue.path(str(pages / "index.html")),
        },
    )
    for result in results:
        yield dg.AssetCheckResult(
            asset_key=PAIRS,
            check_name=result.rule_code,
            passed=result.is_success,
            severity=dg.AssetCheckSeverity.ERROR if result.is_blocking else dg.AssetCheckSeverity.WARN,
            description=result.description,
            metadata={"observed": str(result.observed), "unexpected_rows": result.unexpected_count or 0},
        )
    for result in failed:
        log = context.log.error if result.is_blocking else context.log.warning
        log(quality_advice(result.rule_code, result.observed, minimum_pairs))


def quality_advice(rule_code: str, observed: str | None, minimum_pairs: int) -> str:
    """Returns one sentence that says which rule failed and what to do."""
    if rule_code == "corpus_size":
        return (
            f"The corpus has {observed} pairs and needs {minimum_pairs}: see `select reason, count(*) from "
            "corpus.rejected_pairs group by 1`, add questions to the seed question_annotations or comments to the "
            "statements, or lower AUDITUNE_MIN_PAIRS."
        )
    return f"The corpus breaks the rule {rule_code}: its query is in dagster_project/quality."


@dg.asset(
    key=["training", "dataset"],
    deps=[
        PAIRS,
        CATALOG,
        ["raw_training", "quality_results"],
        ["staging", "injection_questions"],
        ["staging", "unanswerable_questions"],
    ],
    group_name="training",
    kinds={"json"},
    owners=OWNERS,
    code_version="2",
    description="One JSON object per training pair, in a folder named by the hash of its content.",
)
def dataset(warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Writes the corpus as files; an unchanged corpus is the same data set."""
    with warehouse.owner() as connection:
        written = write_dataset(connection, read_catalog(connection), warehouse.settings.home)
        attacks = write_injection_questions(connection, written.folder)
        unanswerable = write_unanswerable_questions(connection, written.folder)
    return dg.MaterializeResult(
        metadata={
            "dataset_hash": written.dataset_hash,
            "path": dg.MetadataValue.path(str(written.folder)),
            "dagster/row_count": sum(written.sizes.values()),
            **written.sizes,
            "injection_questions": attacks,
            "unanswerable_questions": unanswerable,
        },
        data_version=dg.DataVersion(written.dataset_hash),
    )
