"""Records the logs of this folder: starts a scratch PostgreSQL, lets the clients work, and keeps what it logged.

Run by hand, as `python -m tests.recorded_logs.record --bin /usr/lib/postgresql/15/bin`; without `--bin` it is the
wheel's PostgreSQL. The tools (`--tools`) need Debian's libpostgresql-jdbc-java, odbc-postgresql, unixodbc, a Java, and
a folder where `npm install pg postgres` was run; pgaudit is recorded where the server has it.
"""

import argparse
import gzip
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg

from tests.recorded_logs.clients import (
    asyncpg_client,
    jdbc,
    node,
    odbc,
    pgbench,
    psql,
    psycopg2_client,
    psycopg3_client,
    sqlalchemy_client,
)
from tests.recorded_logs.scratch_server import ScratchServer, scratch_server
from tests.recorded_logs.statements import BRIEF, FULL, Workload
from tests.recorded_logs.truth import Action, write_truth

FOLDER = Path(__file__).parent
LOGS = FOLDER / "logs"

# What the server's owner set: the names of the recordings, and the server's settings in each.
VARIANTS: dict[str, dict[str, str]] = {
    "all": {"log_statement": "all"},
    "durations": {"log_min_duration_statement": "0"},
    "both": {"log_statement": "all", "log_min_duration_statement": "0"},
    "duration-lines": {"log_statement": "all", "log_duration": "on"},
    "cut": {
        "log_statement": "all",
        "log_parameter_max_length": "20",
        "log_parameter_max_length_on_error": "20",
    },
    "no-parameters": {"log_statement": "all", "log_parameter_max_length": "0"},
}
SAME_IN_EVERY_VERSION = ("duration-lines", "no-parameters")
_AUDIT = {"pgaudit.log": "all", "pgaudit.log_parameter": "on"}
AUDITED: dict[str, dict[str, str]] = {
    "pgaudit": _AUDIT,
    "pgaudit-read": {"pgaudit.log": "read", "pgaudit.log_parameter": "on", "pgaudit.log_relation": "on"},
    "pgaudit-object": {"pgaudit.role": "auditor", "pgaudit.log_parameter": "on"},
    "pgaudit-and-all": {**_AUDIT, "pgaudit.role": "auditor", "log_statement": "all"},
    "pgaudit-and-durations": {**_AUDIT, "log_min_duration_statement": "0"},
}
# csvlog says the same as jsonlog; this one shows it.
IN_CSV = ("all",)


def main() -> None:
    """Records every variant on one server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, help="PostgreSQL's bin folder; default the wheel's")
    parser.add_argument("--tools", type=Path, help="record the tools too; the folder of `npm install pg postgres`")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="recorded-logs-"))
    folder.chmod(0o755)
    has_pgaudit = bool(arguments.bin) and _has_pgaudit(arguments.bin)
    libraries = "pgaudit" if has_pgaudit else ""
    LOGS.mkdir(exist_ok=True)
    try:
        with scratch_server(arguments.bin, folder, libraries, (FOLDER / "business.sql").read_text()) as server:
            for name, settings in VARIANTS.items():
                if server.binaries.major > 15 and name in SAME_IN_EVERY_VERSION:
                    continue
                _record(server, name, settings, partial(_people, server, FULL if name == "all" else BRIEF))
            if arguments.tools:
                _record(server, "tools", VARIANTS["all"], partial(_tools, server, arguments.tools))
            if has_pgaudit:
                with psycopg.connect(server.dsn(), autocommit=True) as admin:
                    admin.execute("create extension pgaudit")
                for name, settings in AUDITED.items():
                    _record(server, name, settings, partial(_people, server, BRIEF))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_pgaudit(folder: Path) -> bool:
    return any(path.exists() for path in (folder.parent / "lib" / "pgaudit.so", folder.parent / "lib64" / "pgaudit.so"))


def _people(server: ScratchServer, workload: Workload) -> list[Action]:
    actions = [*psql.run(server, workload), *psycopg3_client.run(server, workload)]
    if workload is FULL:
        actions += [*psycopg2_client.run(server, workload), *asyncpg_client.run(server, workload)]
        return [*actions, *pgbench.run(server, ("simple", "extended", "prepared"))]
    return [*actions, *pgbench.run(server, ("prepared",))]


def _tools(server: ScratchServer, packages: Path) -> list[Action]:
    return [*jdbc.run(server), *node.run(server, packages), *odbc.run(server), *sqlalchemy_client.run(server)]


def _record(server: ScratchServer, variant: str, settings: dict[str, str], work: Callable[[], list[Action]]) -> None:
    name = f"pg{server.binaries.major}-{variant}"
    server.change_log(name, settings)
    actions = work()
    json_log, csv_log = server.stop_logging(name)
    (LOGS / f"{name}.json.gz").write_bytes(gzip.compress(json_log, mtime=0))
    if variant in IN_CSV:
        (LOGS / f"{name}.csv.gz").write_bytes(gzip.compress(csv_log, mtime=0))
    truth = {"all": "full", "tools": "tools"}.get(variant, "brief")
    write_truth(LOGS / f"pg{server.binaries.major}-{truth}.truth.gz", actions)
    print(name, len(actions), "actions", json_log.count(b"\n"), "lines")  # noqa: T201


if __name__ == "__main__":
    main()
