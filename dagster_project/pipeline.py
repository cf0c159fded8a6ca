"""`make run`: opens the warehouse, runs the whole road once in this process, prints a report.

Run as: `python -m dagster_project.pipeline`. Exit status 0 done, 1 a step failed, 130 interrupted. Each step is a
Dagster asset or check, so the run stands in Dagster's UI as well; what was done stays done, and the next run goes on.
"""

import os
import sys
import time
from contextlib import redirect_stdout
from datetime import UTC, datetime

from dagster_project.dbt_manifest import DbtParseError, parse_dbt_project
from dagster_project.embedded.errors import EmbeddedError
from dagster_project.progress import Progress
from dagster_project.report import make_report, report_lines
from dagster_project.warehouse.entry import open_warehouse
from dagster_project.warehouse.errors import WarehouseError
from dagster_project.warehouse.settings import Warehouse


def main() -> int:
    """Runs the whole road.

    Returns:
        The exit status.
    """
    started, started_at = time.monotonic(), datetime.now(UTC)
    try:
        opened = open_warehouse()
    except (EmbeddedError, WarehouseError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for note in opened.notes:
        _say(note)
    warehouse = opened.warehouse
    os.environ.update(warehouse.environment())
    progress = Progress(_say)
    progress.stage_done("warehouse", time.monotonic() - started)
    try:
        is_success = run_whole_road(warehouse, progress)
    except DbtParseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. What was done is kept: `make run` goes on from there.\n")
        return 130
    if not is_success:
        sys.stderr.write(f"{progress.failure_text()}\n")
        return 1

    report = make_report(warehouse, progress.seconds, time.monotonic() - started, started_at)
    for line in report_lines(report, warehouse):
        _say(line)
    return 0


def run_whole_road(warehouse: Warehouse, progress: Progress) -> bool:
    """Executes the job `whole_road` in this process.

    Args:
        warehouse: the warehouse; its variables stand in the environment.
        progress: told about each step.

    Returns:
        Whether every step and every blocking check succeeded.
    """
    import dagster as dg  # seconds of imports: after the warehouse's own errors

    with progress.stage("dbt parse"):
        parse_dbt_project(warehouse)
    with progress.stage("load definitions"):
        from dagster_project.definitions import defs

        job = defs().resolve_job_def("whole_road")
    asset_keys = None
    if not warehouse.is_embedded:  # the sample business is for the embedded warehouse alone
        asset_keys = [key for key in job.asset_layer.executable_asset_keys if key.path[0] not in ("shop", "sample")]
    # dbt prints a line per model and test: hundreds. They are kept in a file, and in Dagster's UI.
    dbt_log = warehouse.home / "logs" / "dbt.log"
    dbt_log.parent.mkdir(exist_ok=True)
    with dg.DagsterInstance.get() as instance, dbt_log.open("w") as output, redirect_stdout(output):
        result = job.execute_in_process(
            instance=instance,
            partition_key=datetime.now(UTC).date().isoformat(),
            raise_on_error=False,
            asset_selection=asset_keys,
            run_config={"loggers": {"terminal": {}}},  # in place of Dagster's own, which prints every event
        )
        progress.collect(instance, result)
    return result.success


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
