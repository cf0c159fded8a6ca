"""What the models read out of logs that PostgreSQL 15 and 18 wrote themselves, held against what the clients executed.

The logs and the ground truth are in `tests/recorded_logs`; a script there recorded them. One dbt run for all of them.
"""

import csv
import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg.pq import ExecStatus

from dagster_project.audit_log.formats import parse_record
from dagster_project.audit_log.ingest import ingest
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import dbt
from tests.recorded_logs.truth import Action, read_truth

RECORDED = Path(__file__).parents[1] / "recorded_logs"
LOGS = RECORDED / "logs"
TOOLS = yaml.safe_load((RECORDED / "tool_statements.yaml").read_text())
NAMES = sorted(path.name.removesuffix(".json.gz") for path in LOGS.glob("*.json.gz"))
# These write the parameters into the statement themselves.
CLIENT_SIDE = ("psycopg2", "jdbc-simple", "pgbench-simple", "sqlalchemy")
# pgaudit alone, without a line of the server's own.
AUDIT_ALONE = ("pgaudit", "pgaudit-read", "pgaudit-object")
CUT_BYTES = 20
pytestmark = pytest.mark.slow  # seventeen logs go through dbt
_MARK = re.compile(r"select 'mark (end|(\S+) (\d+))' from market\.marks;?")


@dataclass(frozen=True)
class Execution:
    """One row of int_statement_executions, with the statement that it stands for."""

    session_id: str
    statement: str
    bound_statement: str | None
    statement_class: str
    duration_ms: float | None
    query_id: int | None


@dataclass(frozen=True)
class Recordings:
    """Everything that the models read, by recording and then by the action that it belongs to."""

    admin: psycopg.Connection
    executions: dict[str, dict[tuple[str, int], list[Execution]]]


@pytest.fixture(scope="module")
def recordings(built_copy: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recordings]:
    """The business of the recordings beside the built one, all the logs ingested, and the executions that are new."""
    with psycopg.connect(built_copy.admin_dsn, autocommit=True) as admin:
        admin.execute((RECORDED / "business.sql").read_text())
        with psycopg.connect(built_copy.dsn, autocommit=True) as owner:
            folder = tmp_path_factory.mktemp("logs")
            (folder / "tools.json").write_text(tool_lines())
            loaded = ingest(owner, (str(LOGS / "*.json.gz"), str(folder / "tools.json")), date(9999, 1, 1))
        assert (loaded.quarantined, loaded.duplicates) == (0, 0)
        run = dbt(built_copy, tmp_path_factory.mktemp("dbt"), "run", "--select", "int_statement_executions")
        assert run.returncode == 0, run.stdout[-3000:]
        admin.execute("set enable_nestloop = off")
        rows = admin.execute(
            "select split_part(e.log_file, '.', 1), s.session_id, s.statement, s.bound_statement, e.statement_class,"
            " e.duration_ms, e.query_id from intermediate.int_statement_executions as e"
            " inner join staging.stg_audit__statements as s using (log_file, byte_offset)"
            " order by e.log_file, s.session_id, s.session_line_number"
        ).fetchall()
        yield Recordings(admin, {name: by_action([Execution(*r[1:]) for r in rows if r[0] == name]) for name in NAMES})


def tool_lines() -> str:
    """The statements of tools that could not be recorded, as a server would log them."""
    lines = [
        {
            "timestamp": "2024-05-01 12:00:00.000 UTC", "session_id": f"6632.{number}", "line_num": 1, "user": "ada",
            "dbname": "market", "application_name": tool["application"], "error_severity": "LOG",
            "message": f"statement: {tool['statement']}", "backend_type": "client backend",
        }
        for number, tool in enumerate(TOOLS, 1)
    ]  # fmt: skip
    return "".join(json.dumps(line) + "\n" for line in lines)


def by_action(rows: list[Execution]) -> dict[tuple[str, int], list[Execution]]:
    """The executions of one recording by client and action, as the marks between them say."""
    marks = [(row, _MARK.fullmatch(row.statement)) for row in rows]
    clients = {row.session_id: mark.group(2) for row, mark in marks if mark and mark.group(2)}
    found: dict[tuple[str, int], list[Execution]] = {}
    number, session = None, ""
    for row, mark in marks:
        if row.session_id != session:
            number, session = 0, row.session_id
        if mark:
            number = int(mark.group(3)) if mark.group(3) else None
        elif number is not None and session in clients:
            found.setdefault((clients[session], number), []).append(row)
    return found


def truth_of(name: str) -> list[Action]:
    """The actions that a recording shows."""
    version, _, variant = name.partition("-")
    workload = {"all": "full", "tools": "tools"}.get(variant, "brief")
    return read_truth(LOGS / f"{version}-{workload}.truth.gz")


def is_lost(action: Action, variant: str) -> bool:
    """Whether the log does not hold a statement's parameters whole, or cannot tell that it does."""
    if not action.parameters or action.client in CLIENT_SIDE:
        return False
    if variant == "no-parameters":
        return True
    if variant in AUDIT_ALONE and {None, ""} & set(action.parameters):
        return True  # pgaudit writes both as nothing
    sizes = {value: len(value.encode()) for value in action.parameters if value is not None}
    if variant == "cut" and max(sizes.values(), default=0) > CUT_BYTES:
        return True
    # ends in three dots, and no longer value stands beside it to say that the server does not cut there
    longest = max((size for value, size in sizes.items() if not value.endswith("...")), default=0)
    return any(value.endswith("...") and size >= longest for value, size in sizes.items())


def is_expected(action: Action, count: int, variant: str) -> bool:
    """Whether the log shows an action's statement as often as it ran."""
    if action.has_error:
        return count <= 1
    if variant in ("pgaudit-read", "pgaudit-object") and action.statement_class != "question":
        return True  # these log reading alone, and of tables alone
    if action.executions is None:
        return action.number == 0 or count > 0
    allowed = {action.executions}
    if variant.startswith("pgaudit") and action.audited:
        allowed.add(action.audited)
    return count in allowed


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_has_the_class_of_what_was_executed(recordings: Recordings, name: str) -> None:
    variant = name.partition("-")[2]
    confusion, miscounted = Counter(), []
    for action in truth_of(name):
        wanted = action.statement_class
        if wanted == "question" and is_lost(action, variant):
            wanted = "parameters_lost"
        rows = recordings.executions[name].get((action.client, action.number), [])
        for row in rows:
            judged = row.statement_class
            confusion[judged if judged in action.noise else wanted, judged] += 1
        count = sum(row.statement_class == wanted for row in rows)
        if not is_expected(action, count, variant):
            miscounted.append((action.client, action.number, action.what, count, action.executions))

    assert {pair: count for pair, count in confusion.items() if pair[0] != pair[1]} == {}
    assert miscounted == []
    assert confusion["question", "question"] > 15


def test_tools_that_could_not_be_recorded_are_told_from_their_users(recordings: Recordings) -> None:
    rows = recordings.admin.execute(
        "select split_part(session_id, '.', 2)::int, statement_class from intermediate.int_statement_executions"
        " inner join staging.stg_audit__log_lines using (log_file, byte_offset) where log_file = 'tools.json'"
    ).fetchall()
    judged = dict(rows)

    assert [(tool["tool"], tool["class"], tool["statement"]) for tool in TOOLS] == [
        (tool["tool"], judged[number], tool["statement"]) for number, tool in enumerate(TOOLS, 1)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_bound_statement_gives_what_the_parameterised_one_gave(recordings: Recordings, name: str) -> None:
    different = set()
    for action in truth_of(name):
        if name.endswith("pgaudit-object") and "total_of" in action.what:
            continue  # the call names no table: pgaudit's first line is that of the function's own statement
        rows = recordings.executions[name].get((action.client, action.number), [])
        bound = {row.bound_statement for row in rows if row.statement_class == "question"}
        for statement in bound if action.statement_class == "question" else ():
            if outcome(recordings.admin, statement) != outcome(recordings.admin, action.what, action.parameters):
                different.add((action.what, statement))

    assert different == set()


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("-cut")])
def test_with_the_servers_limit_said_only_cut_values_are_lost(recordings: Recordings, name: str) -> None:
    rows = recordings.admin.execute(
        "select distinct parameters, staging.bind_parameters(statement, parameters, '{}', %s)"
        " from staging.stg_audit__statements where log_file = %s and parameters like '%%...''%%'",
        [CUT_BYTES, f"{name}.json.gz"],
    ).fetchall()
    kept = {statement.strip() for _, statement in rows if statement is not None}
    lost = [parameters for parameters, statement in rows if statement is None]

    assert kept == {"select count(*) from market.orders where note = 'wait...'"}
    assert any("'a note that is longe...'" in parameters for parameters in lost)
    assert any("'twenty bytes long...'" in parameters for parameters in lost)  # as long as the limit: it may be cut


def outcome(admin: psycopg.Connection, statement: str, parameters: list[str | None] | None = None) -> list:
    """The rows that a statement gives, as text; the error where it fails."""
    values = [None if value is None else value.encode() for value in parameters or []]
    result = admin.pgconn.exec_params(statement.encode(), values)
    if result.status != ExecStatus.TUPLES_OK:
        return [result.error_message.decode()]
    return [[result.get_value(row, column) for column in range(result.nfields)] for row in range(result.ntuples)]


@pytest.mark.parametrize("name", [name for name in NAMES if "both" in name or name.endswith("durations")])
def test_every_execution_has_its_duration(recordings: Recordings, name: str) -> None:
    questions = [
        row
        for rows in recordings.executions[name].values()
        for row in rows
        if row.statement_class in ("question", "cursor", "transaction")
    ]

    assert len(questions) > 50
    assert [row.statement for row in questions if row.duration_ms is None] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(("-both", "-duration-lines", "-and-all"))])
def test_a_statement_that_is_logged_before_it_is_analyzed_gets_the_query_id_of_a_later_line(
    recordings: Recordings, name: str
) -> None:
    # the same statements on the same server, logged when they had run: there each line has its own query_id
    known = query_ids(recordings, name.partition("-")[0] + "-durations")
    found = query_ids(recordings, name)

    common = known.keys() & found.keys()
    assert len(common) > 50
    assert {key: found[key] for key in common} == {key: known[key] for key in common}
    # one statement of a message that holds several has none: what is logged for the message is the last one's
    unknown = {key for key, ids in found.items() if None in ids}
    assert {key for key, ids in known.items() if None in ids} == unknown
    assert len(unknown) < 5


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("-all") and "pgaudit" not in name])
def test_without_such_a_line_a_simple_statement_has_no_query_id(recordings: Recordings, name: str) -> None:
    by_client = {client: set() for client, _, _ in query_ids(recordings, name)}
    for (client, _, _), ids in query_ids(recordings, name).items():
        by_client[client] |= {query_id is None for query_id in ids}

    assert True in by_client["psql"]  # (from 18 on it can bind as well)
    assert by_client["psycopg2"] == {True}
    assert by_client["asyncpg"] == {False}  # it prepares, so the statement was analyzed before it was logged


def query_ids(recordings: Recordings, name: str) -> dict[tuple[str, int, str], set[int | None]]:
    """The query_ids of each question's executions, by client, action and statement."""
    found: dict[tuple[str, int, str], set[int | None]] = {}
    for (client, number), rows in recordings.executions[name].items():
        for row in rows:
            if row.statement_class == "question":
                found.setdefault((client, number, row.statement.rstrip("; ")), set()).add(row.query_id)
    return found


@pytest.mark.parametrize("name", [path.name.removesuffix(".csv.gz") for path in LOGS.glob("*.csv.gz")])
def test_csvlog_says_what_jsonlog_says(name: str) -> None:
    texts = csv.reader(io.StringIO(gzip.decompress((LOGS / f"{name}.csv.gz").read_bytes()).decode(), newline=""))
    from_csv = []
    for values in texts:
        record = io.StringIO()
        csv.writer(record).writerow(values)
        from_csv.append(parse_record(record.getvalue().rstrip("\r\n").encode(), "csvlog"))
    from_json = [json.loads(line) for line in gzip.decompress((LOGS / f"{name}.json.gz").read_bytes()).splitlines()]

    told = ("session_id", "line_num", "error_severity", "message", "detail", "statement", "query_id",
            "application_name", "user", "dbname")  # fmt: skip
    assert [[line.get(key) for key in told] for line in from_csv] == [
        [line.get(key) for key in told] for line in from_json
    ]
