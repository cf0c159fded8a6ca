"""The server's log as raw tables, one Dagster partition a day."""

from dataclasses import asdict
from datetime import UTC, date, datetime

import dagster as dg
from pydantic import ValidationError

from dagster_project.audit_log.errors import AuditLogError
from dagster_project.audit_log.ingest import ingest
from dagster_project.audit_log.purge import purge
from dagster_project.audit_log.settings import RetentionSettings
from dagster_project.audit_log.stat_statements import capture
from dagster_project.resources.warehouse import WarehouseResource

# Any log that a server of a supported version may still hold.
log_days = dg.DailyPartitionsDefinition(start_date="2024-01-01", end_offset=1)
OWNERS = ["data-platform@example.com"]


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["raw_audit", "log_lines"],
            description="One row per line of the server's log, in jsonlog's fields, with file and offset.",
            deps=[["sample", "workload"]],
            group_name="audit",
            kinds={"postgres", "python"},
            owners=OWNERS,
        ),
        dg.AssetSpec(
            ["raw_audit", "quarantined_lines"],
            description="One row per line of the log that could not be read: its place and the reason, never its text.",
            deps=[["sample", "workload"]],
            group_name="audit",
            kinds={"postgres", "python"},
            owners=OWNERS,
        ),
    ],
    name="ingest_log",
    partitions_def=log_days,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def ingest_log(context: dg.AssetExecutionContext, warehouse: WarehouseResource):
    """Copies what is new in the log files, up to the end of the partition's day; again, it copies nothing twice."""
    last_day = date.fromisoformat(max(context.partition_keys))
    settings = warehouse.settings
    with warehouse.owner() as connection:
        try:
            result = ingest(connection, settings.audit_logs, last_day)
        except AuditLogError as error:
            raise dg.Failure(str(error)) from error
        lines, statements, quarantined, purged = connection.execute(
            "select count(*), count(*) filter (where line ->> 'message' ~ '(statement|execute [^:]*|^AUDIT): '),"
            " (select count(*) from raw_audit.quarantined_lines),"
            " (select coalesce(sum(purged_lines), 0) from raw_audit.log_files) from raw_audit.log_lines"
        ).fetchone()
    if statements == 0 and purged == 0:
        raise dg.Failure(
            f"The log holds no statement ({lines} lines in {result.files} files): set log_statement = 'all' on the "
            "server and let people work, or point AUDITUNE_AUDIT_LOGS at the files where it logs statements."
        )
    for note in result.notes:
        context.log.info(note)
    context.log.info(
        f"{result.loaded} new lines from {result.files} files, {result.quarantined} in quarantine, "
        f"{result.duplicates} that had been read before"
    )
    yield dg.MaterializeResult(
        asset_key=["raw_audit", "log_lines"],
        metadata={
            "new_lines": result.loaded,
            "duplicates": result.duplicates,
            "files": result.files,
            "dagster/row_count": lines,
        },
    )
    yield dg.MaterializeResult(
        asset_key=["raw_audit", "quarantined_lines"],
        metadata={
            "new_lines": result.quarantined,
            "dagster/row_count": quarantined,
            "read_at": dg.MetadataValue.timestamp(datetime.now(UTC)),
        },
    )


@dg.asset(
    key=["raw_audit", "stat_statements"],
    deps=[["sample", "workload"]],
    group_name="audit",
    kinds={"postgres", "python"},
    owners=OWNERS,
    description="One row per snapshot and query_id of pg_stat_statements: counters, no text.",
)
def capture_stat_statements(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Snapshots the server's counters of statements; where there are none, says what to do and goes on."""
    with warehouse.owner() as connection:
        result = capture(connection)
        rows = warehouse.count(connection, "raw_audit.stat_statements")
    if result.missing:
        context.log.warning(result.missing)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows, "counters": result.counters})


@dg.asset(
    key=["raw_audit", "log_files"],
    # what reads the raw lines must have read them: the statements, and the runs on the business
    deps=[
        ["intermediate", "int_statement_executions"],
        ["intermediate", "int_statement_questions"],
        ["intermediate", "int_statements_anonymized"],
        ["raw_training", "pair_validations"],
    ],
    group_name="audit",
    kinds={"postgres", "python"},
    owners=OWNERS,
    description="One row per log file: how far it has been read, and how many of its lines have been purged.",
)
def purge_log(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult:
    """Deletes raw lines that are older than AUDITUNE_RAW_DAYS; what was made of them stays."""
    try:
        days = RetentionSettings().raw_days
    except ValidationError as error:
        raise dg.Failure("AUDITUNE_RAW_DAYS is no number of days: set it to a whole number from 1 on.") from error
    with warehouse.owner() as connection:
        result = purge(connection, datetime.now(UTC).date(), days)
        files = warehouse.count(connection, "raw_audit.log_files")
    context.log.info(f"{result.lines} lines older than {days} days purged, {result.quarantined} of the quarantine")
    return dg.MaterializeResult(metadata={"dagster/row_count": files, "days": days, **asdict(result)})
