"""Checks of what the ingest has read."""

import dagster as dg

from dagster_project.audit_log.balance import unbalanced_files
from dagster_project.resources.warehouse import WarehouseResource

_FILES_NAMED = 5  # in the sentence of the check


@dg.asset_check(asset=["raw_audit", "log_lines"], blocking=True)
def no_line_is_lost(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Lines read = loaded + in quarantine + brought by another file before + purged since, for each file."""
    with warehouse.owner() as connection:
        unbalanced = unbalanced_files(connection)
    sentences = [f"{file}: {expected} lines must be there, {found} are." for file, expected, found in unbalanced]
    return dg.AssetCheckResult(
        passed=not unbalanced,
        description=" ".join(sentences[:_FILES_NAMED]) or None,
        metadata={"files_out_of_balance": len(unbalanced), "first": str(unbalanced[:1])},
    )


@dg.asset_check(asset=["raw_audit", "quarantined_lines"])
def few_lines_are_quarantined(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """At most one line in a hundred could not be read; more says that the log is not what it seems."""
    with warehouse.owner() as connection:
        loaded = warehouse.count(connection, "raw_audit.log_lines")
        quarantined = warehouse.count(connection, "raw_audit.quarantined_lines")
    share = quarantined / max(1, loaded + quarantined)
    return dg.AssetCheckResult(
        passed=share <= 0.01,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"quarantined": quarantined, "share": share},
    )
