"""The check that stands before anything is read out of the log: no personal column goes without a tag."""

import dagster as dg

from dagster_project.dbt_manifest import DBT_PROJECT
from dagster_project.personal_columns.tags import SourcesError
from dagster_project.personal_columns.untagged import scan
from dagster_project.resources.warehouse import WarehouseResource


@dg.asset_check(asset=["raw_audit", "log_lines"], blocking=True)
def personal_columns_are_tagged(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """No column without a tag holds values that look personal; what is not tagged would not be anonymized."""
    with warehouse.owner() as connection:
        try:
            found = scan(connection, warehouse.settings.schemas, DBT_PROJECT / "models")
        except SourcesError as error:
            raise dg.Failure(str(error)) from None
    sentences = [column.sentence() for column in found.untagged]
    for sentence in sentences:
        context.log.error(sentence)
    return dg.AssetCheckResult(
        passed=not sentences,
        description=" ".join(sentences) or None,
        metadata={
            "columns_scanned": found.columns,
            "untagged": dg.MetadataValue.json(
                [f"{c.schema}.{c.table}.{c.column}: {c.suggestion.pii}" for c in found.untagged]
            ),
            "unreadable_tables": dg.MetadataValue.json(list(found.unreadable)),
        },
    )
