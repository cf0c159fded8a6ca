"""The test databases: variants of the sandbox that tell apart SQL that agrees by chance."""

import dagster as dg

from dagster_project.corpus.dataset import current_dataset
from dagster_project.resources.warehouse import WarehouseResource
from dagster_project.suite_databases import refresh_suite

OWNERS = ["platform@example.com"]
_SHOWN = 50  # survivors in the metadata


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["raw_training", "suite_variants"],
            deps=[["training", "dataset"]],
            group_name="training",
            kinds={"postgres", "python"},
            owners=OWNERS,
            code_version="1",
            description="One row per suite of test databases and variant, in `sandbox_<schema>__<variant>`.",
        ),
        dg.AssetSpec(
            ["raw_training", "suite_kill_rates"],
            deps=[["training", "dataset"]],
            group_name="training",
            kinds={"postgres"},
            owners=OWNERS,
            code_version="1",
            description="One row per suite of test databases and kind of mutant, with how many it kills.",
        ),
    ],
    name="build_test_suite",
    pool="training",  # no evaluation shall read them meanwhile
)
def build_test_suite(context: dg.AssetExecutionContext, warehouse: WarehouseResource):
    """Builds the variants anew where the sandbox or the corpus has changed, and measures which mutants they kill."""
    settings = warehouse.settings
    with warehouse.owner() as connection:
        suite = refresh_suite(settings, connection, current_dataset(settings.home), context.log.info)
        counts = {
            table: warehouse.count(connection, f"raw_training.{table}")
            for table in ("suite_variants", "suite_kill_rates")
        }
    _, mutants, alone, killed = suite.kill_rates[0]
    columns = ("operator", "mutants", "killed_by_the_sandbox", "killed")
    rates = [dg.TableRecord(dict(zip(columns, rate, strict=True))) for rate in suite.kill_rates]
    survivors = [
        dg.TableRecord({"operator": operator, "gold": gold, "mutant": mutant})
        for operator, gold, mutant in suite.survivors[:_SHOWN]
    ]
    yield dg.MaterializeResult(
        asset_key=["raw_training", "suite_variants"],
        metadata={
            "dagster/row_count": counts["suite_variants"],
            "variants": len(suite.variants),
            "is_reused": suite.is_reused,
        },
        data_version=dg.DataVersion(suite.suite_hash),
    )
    yield dg.MaterializeResult(
        asset_key=["raw_training", "suite_kill_rates"],
        metadata={
            "dagster/row_count": counts["suite_kill_rates"],
            "kill_rate": killed / max(1, mutants),
            "kill_rate_of_the_sandbox_alone": alone / max(1, mutants),
            "by_operator": dg.MetadataValue.table(rates),
            **({"survivors": dg.MetadataValue.table(survivors)} if survivors else {}),
        },
        data_version=dg.DataVersion(suite.suite_hash),
    )
