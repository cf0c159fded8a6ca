"""From a log file to anonymized statements: lines a second, memory, growth, and pgBadger on the same file.

A server of its own in a temporary folder logs the sample's workload; `log_maker.py` makes longer logs of it. For each
length, in a database of its own:

    ingest      the file to raw_audit.log_lines
    staging     every row of stg_audit__statements read once: up to here is what pgBadger does
    anonymize   dbt builds int_statement_executions, int_statement_questions, int_statements_anonymized
    again       ingest and dbt once more, over the unchanged log

What does not depend on the log (set-up, sample, surrogates, seeds, views) is done before the clock starts. Called by
`__main__.py`.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from dagster_project.audit_log.ingest import ingest
from dagster_project.benchmarks.log_maker import make_log
from dagster_project.benchmarks.memory import peak_memory
from dagster_project.benchmarks.pgbadger import pgbadger_seconds, pgbadger_version
from dagster_project.dbt_manifest import DBT_PROJECT
from dagster_project.embedded import server as embedded
from dagster_project.embedded.settings import EmbeddedSettings
from dagster_project.sample.business import create_business
from dagster_project.sample.replay import replay_workload
from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.entry import ensure_database
from dagster_project.warehouse.settings import Warehouse
from dagster_project.warehouse.setup import Target, set_up
from training.benchmarks.hardware import processor

_BEFORE = ("+int_pii_surrogates", "pii_patterns", "statement_classes", "path:models/staging/audit")
_MEASURED = ("int_statement_executions", "int_statement_questions", "int_statements_anonymized")
_LINES_PER_DISTINCT_STATEMENT = 20
_EVERY_DAY = date(9999, 1, 1)


@dataclass(frozen=True)
class Measurement:
    """One log's figures: lines, distinct statements kept, seconds of each stage, peak memory in MiB."""

    lines: int
    statements: int
    seconds: dict[str, float]
    peak_memory_mib: float
    pgbadger_seconds: float

    @property
    def total(self) -> float:
        """Seconds from the file to int_statements_anonymized."""
        return self.seconds["ingest"] + self.seconds["anonymize"]

    @property
    def ratio_to_pgbadger(self) -> float:
        """The time of pgBadger over ours, up to the staging model; above 1 we are faster."""
        return self.pgbadger_seconds / (self.seconds["ingest"] + self.seconds["staging"])


def measure_warehouse(sizes: list[int], report: Callable[[str], object]) -> dict:
    """Measures every length.

    Args:
        sizes: Lengths of the logs in lines, ascending.
        report: Told one line of text after each length.

    Returns:
        The figures, ready for JSON.

    Raises:
        PgBadgerMissing: The baseline is not installed.
    """
    version = pgbadger_version()
    measurements = []
    with tempfile.TemporaryDirectory(prefix="auditune-benchmark-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o711)  # the server's account must be able to enter
        with _server(home) as server:
            source, people = _real_log(server)
            for size in sizes:
                log = home / f"{size}.json"
                make_log(source, people, size, size // _LINES_PER_DISTINCT_STATEMENT, log)
                measurement = _measure(server, home, log, size)
                log.unlink()
                measurements.append(measurement)
                report(_sentence(measurement))
    return _result(measurements, version)


@contextmanager
def _server(home: Path) -> Iterator[embedded.Server]:
    settings = EmbeddedSettings(home)
    try:
        yield embedded.start(settings)
    finally:
        embedded.stop(settings)


def _real_log(server: embedded.Server) -> tuple[list[dict], list[tuple[str, str]]]:
    """The lines that the server writes under the sample's workload, and the people in it."""
    ensure_database(server, "source")
    create_business(server.dsn("source"))
    replay_workload(server.dsn("source"))
    with psycopg.connect(server.dsn("source")) as connection:
        people = connection.execute("select full_name, email from shop.customers order by customer_id").fetchall()
    files = sorted(server.log_folder.glob("*.json"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()], people


def _measure(server: embedded.Server, home: Path, log: Path, lines: int) -> Measurement:
    database = f"lines_{lines}"
    ensure_database(server, database)
    create_business(server.dsn(database))
    target = Target(home, server.dsn(database), True, ("shop",), (str(log),), "none")
    warehouse = set_up(target).warehouse
    with psycopg.connect(server.dsn(database), autocommit=True) as admin:
        grant_business_schema(admin, "shop")
    dbt = _dbt(warehouse, home)
    dbt("build", "--select", *_BEFORE)
    pid = int((server.log_folder.parent / "postmaster.pid").read_text().split("\n")[0])
    seconds = {}
    with peak_memory(pid) as peak:
        with psycopg.connect(warehouse.dsn, autocommit=True) as owner:
            seconds["ingest"] = _timed(lambda: ingest(owner, (str(log),), _EVERY_DAY))
            seconds["staging"] = _timed(lambda: owner.execute(_READ_STAGING))
        seconds["anonymize"] = _timed(lambda: dbt("run", "--select", *_MEASURED))
        with psycopg.connect(warehouse.dsn, autocommit=True) as owner:
            again = _timed(lambda: ingest(owner, (str(log),), _EVERY_DAY))
        seconds["again"] = again + _timed(lambda: dbt("run", "--select", *_MEASURED))
    with psycopg.connect(warehouse.dsn) as owner:
        (statements,) = owner.execute("select count(*) from intermediate.int_statements_anonymized").fetchone()
    baseline = min(pgbadger_seconds(log, home, processes) for processes in (1, os.cpu_count() or 1))
    return Measurement(lines, statements, seconds, peak.mebibytes, baseline)


# What the models read of the view: bound_statement is bound there once a text, not once a line.
_READ_STAGING = """
select count(row(log_file, byte_offset, session_id, session_line_number, query_id, user_name, application_name,
    statement, parameters, duration_ms, logged_at, ingested_at)::text)
from staging.stg_audit__statements
"""


def _timed(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


def _dbt(warehouse: Warehouse, home: Path) -> Callable[..., None]:
    """Returns dbt as an engineer runs it, from its start to its end, on this warehouse."""

    def run(command: str, *arguments: str) -> None:
        places = ("--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT, "--target-path", home / "target")
        subprocess.run(
            [
                Path(sys.executable).with_name("dbt"),
                "--quiet",
                "--no-write-json",  # a profile of a second run: half of its time was writing the manifest, twice
                "--log-level-file=none",
                command,
                *arguments,
                *places,
                "--log-path",
                home / "logs",
            ],
            env={**os.environ, **warehouse.environment()},
            check=True,
        )

    return run


def _sentence(found: Measurement) -> str:
    stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in found.seconds.items())
    return (
        f"{found.lines} lines, {found.statements} statements: {stages}; pgBadger {found.pgbadger_seconds:.1f} s; "
        f"{found.peak_memory_mib:.0f} MiB"
    )


def _result(measurements: list[Measurement], version: str) -> dict:
    smallest, largest = measurements[0], measurements[-1]
    exponent = None
    if largest.lines > smallest.lines:
        exponent = math.log(largest.total / smallest.total) / math.log(largest.lines / smallest.lines)
    return {
        "lines_per_second": {str(found.lines): round(found.lines / found.total) for found in measurements},
        "growth_exponent": exponent and round(exponent, 3),
        "ratio_to_pgbadger": round(largest.ratio_to_pgbadger, 2),
        "peak_memory_mib": round(max(found.peak_memory_mib for found in measurements)),
        "hardware": f"{processor()}, {os.cpu_count()} cores",
        "baseline": version,
        "seconds": {
            str(found.lines): {
                **{name: round(seconds, 1) for name, seconds in found.seconds.items()},
                "file_to_anonymized": round(found.total, 1),
                "pgbadger": round(found.pgbadger_seconds, 1),
            }
            for found in measurements
        },
        "statements": {str(found.lines): found.statements for found in measurements},
    }
