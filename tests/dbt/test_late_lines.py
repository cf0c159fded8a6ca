"""Lines that come late reach the incremental models all the same, and what they have read is not read again."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from pathlib import Path

import psycopg
import pytest

from dagster_project.audit_log.ingest import ingest
from dagster_project.warehouse.settings import Warehouse
from tests.business_warehouse import dbt
from tests.dagster_project.audit_log.lines import json_line

MODELS = ("int_statement_executions", "int_statements_anonymized", "int_statement_questions", "int_statement_tools")
_NUMBERS = count(1)
pytestmark = pytest.mark.slow  # five runs of dbt


@pytest.fixture(scope="module")
def owner(built_copy: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(built_copy.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def run(
    owner: psycopg.Connection, built_copy: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[list[bytes]], None]:
    """One night: some lines are ingested, and the models that read the log are built."""
    folder = tmp_path_factory.mktemp("night")

    def build(lines: list[bytes]) -> None:
        log = folder / f"night {next(_NUMBERS)}.json"
        log.write_bytes(b"".join(lines))
        ingest(owner, (str(log),), date(9999, 1, 1))
        made = dbt(built_copy, folder, "run", "--select", *MODELS)
        assert made.returncode == 0, made.stdout[-3000:]

    return build


def statement(session: str, number: int, text: str, at: str = "2026-03-01 10:00:00.000 UTC") -> bytes:
    return json_line(
        f"statement: {text}", at=at, session_id=session, line_num=number, application_name="psql", query_id=0
    )


def error(session: str, number: int, text: str) -> bytes:
    return json_line(
        "canceling statement due to statement timeout",
        session_id=session, line_num=number, error_severity="ERROR", state_code="57014", statement=text,
    )  # fmt: skip


def duration(session: str, number: int, milliseconds: float, query_id: int) -> bytes:
    return json_line(f"duration: {milliseconds} ms", session_id=session, line_num=number, query_id=query_id)


def timed(session: str, number: int, milliseconds: float, text: str) -> bytes:
    return json_line(
        f"duration: {milliseconds} ms  statement: {text}",
        session_id=session, line_num=number, application_name="psql", query_id=92,
    )  # fmt: skip


def audit(session: str, number: int, message: str) -> bytes:
    record = f'AUDIT: SESSION,{number},1,READ,SELECT,,,"{message}",<none>'
    return json_line(record, session_id=session, line_num=number, application_name="psql", query_id=91)


def executions(owner: psycopg.Connection, session: str) -> list[tuple]:
    """Class, duration and query_id of a session's executions, by their line numbers."""
    return owner.execute(
        "select session_line_number, statement_class, duration_ms, executions.query_id"
        " from intermediate.int_statement_executions as executions"
        " inner join staging.stg_audit__log_lines using (log_file, byte_offset) where session_id = %s order by 1",
        [session],
    ).fetchall()


def asked(owner: psycopg.Connection, marker: str) -> tuple[int, int, int]:
    """Rows about a statement: anonymized, its questions, and its executions by a tool."""
    return owner.execute(
        "select count(distinct statements.statement_hash), count(distinct question_hash), count(distinct tools.*)"
        " from intermediate.int_statements_anonymized as statements"
        " left join intermediate.int_statement_questions using (statement_hash)"
        " left join intermediate.int_statement_tools as tools using (statement_hash)"
        " where statement like %s",
        [f"%{marker}%"],
    ).fetchone()


COMMENTED = "/*application='crm',question='How%%20many%s'*/ select count(*) from orders where status = '%s'"


def test_older_lines_are_built_into_the_executions(
    owner: psycopg.Connection, run: Callable[[list[bytes]], None]
) -> None:
    counted = "select count(*), min(executed_at)::date from intermediate.int_statement_executions"
    before, oldest = owner.execute(counted).fetchone()

    old = "2024-02-01 10:00:00.000 UTC"
    run([statement("65bb.1f", n, f"select count(*) from orders where 1 = {n}", at=old) for n in (3, 1, 2)])

    assert owner.execute(counted).fetchone() == (before + 3, date(2024, 2, 1))
    assert oldest > date(2024, 2, 1)


def test_what_comes_in_a_later_run_is_said_of_the_statement_that_it_is_about(
    owner: psycopg.Connection, run: Callable[[list[bytes]], None]
) -> None:
    never, sometimes, slow = (COMMENTED % (word, word) for word in ("never", "sometimes", "slow"))
    run(
        [
            statement("1a7e.1", 1, never),
            statement("1a7e.2", 1, sometimes),
            statement("1a7e.2", 2, sometimes),
            statement("1a7e.3", 1, slow),
            statement("1a7e.4", 1, f"begin; {slow}"),
        ]
    )
    assert [asked(owner, word) for word in ("never", "sometimes", "slow")] == [(1, 1, 1), (1, 1, 2), (1, 1, 2)]

    run(
        [
            error("1a7e.1", 2, never),
            error("1a7e.2", 3, sometimes),
            duration("1a7e.3", 2, 12.5, 77),
            duration("1a7e.4", 2, 1.5, 78),
            statement("1a7e.3", 3, "select 1 from orders"),
            duration("1a7e.3", 4, 0.5, 79),
        ]
    )

    assert executions(owner, "1a7e.1") == [(1, "failed", None, None)]
    # the first of the two ran: an error is that of the nearest statement in front of it
    assert executions(owner, "1a7e.2") == [(1, "question", None, None), (2, "failed", None, None)]
    assert executions(owner, "1a7e.3") == [(1, "question", 12.5, 77), (3, "question", 0.5, 79)]
    # the query_id behind a message of several statements is that of the last one
    assert executions(owner, "1a7e.4") == [(1, "question", 1.5, None)]
    # what nobody has asked but in a statement that failed is no statement to learn
    assert [asked(owner, word) for word in ("never", "sometimes", "slow")] == [(0, 0, 0), (1, 1, 1), (1, 1, 2)]


def test_what_came_in_an_earlier_run_is_said_of_the_statement_that_is_read_now(
    owner: psycopg.Connection, run: Callable[[list[bytes]], None]
) -> None:
    failing, audited = COMMENTED % ("failing", "failing"), "select count(*) from orders where status = 'echoed'"
    run(
        [
            error("ea71.1", 2, failing),
            error("ea71.1", 5, "select 1 from nothing"),
            statement("ea71.2", 1, audited),
            statement("ea71.3", 1, f"{audited}; {audited}"),
            audit("ea71.4", 1, audited),
            audit("ea71.5", 1, audited),
            audit("ea71.6", 1, audited),
        ]
    )

    run(
        [
            timed("ea71.5", 2, 7.5, audited),
            timed("ea71.6", 2, 8.5, f"{audited} limit 1"),
            statement("ea71.1", 1, failing),
            statement("ea71.1", 4, COMMENTED % ("running", "running")),
            audit("ea71.2", 2, audited),
            audit("ea71.3", 2, f"{audited}; {audited}"),
            audit("ea71.3", 3, f"{audited}; {audited}"),
            audit("ea71.4", 2, audited),
        ]
    )

    assert executions(owner, "ea71.1") == [(1, "failed", None, None), (4, "question", None, None)]
    assert [asked(owner, word) for word in ("failing", "running")] == [(0, 0, 0), (1, 1, 1)]
    # what pgaudit echoes a run later is no second execution; where the server logs nothing, each of its lines is one
    assert [(line, kind) for line, kind, _, _ in executions(owner, "ea71.2")] == [(1, "question")]
    assert [(line, kind) for line, kind, _, _ in executions(owner, "ea71.3")] == [(1, "several")]
    assert [(line, kind) for line, kind, _, _ in executions(owner, "ea71.4")] == [(1, "question"), (2, "question")]
    # nor is the server's own line, where it is written behind the execution; another statement's line is one
    assert executions(owner, "ea71.5") == [(1, "question", 7.5, 91)]
    assert executions(owner, "ea71.6") == [(1, "question", None, 91), (2, "question", 8.5, 92)]


def test_lines_that_give_a_model_no_row_are_not_read_again(
    owner: psycopg.Connection, built_copy: Warehouse, run: Callable[[list[bytes]], None], tmp_path: Path
) -> None:
    known = COMMENTED % ("known", "known")
    run([statement("5ead.1", 1, known)])
    # no tool, no question, no new statement: of these lines one model alone makes rows
    run([statement("5ead.1", n, known.partition("*/")[2]) for n in (2, 3)])
    newest = owner.execute("select max(ingested_at) from raw_audit.log_lines").fetchone()[0]

    compiled = dbt(built_copy, tmp_path, "compile", "--select", *MODELS)

    assert compiled.returncode == 0, compiled.stdout[-3000:]
    texts = {path.stem: path.read_text() for path in (tmp_path / "target" / "compiled").rglob("int_statement*.sql")}
    assert set(texts) == set(MODELS)
    for name, text in texts.items():
        assert f"ingested_at > '{newest.isoformat()}'::timestamptz" in text, name
    own = "select max(ingested_at) from intermediate.{}"
    assert [name for name in MODELS if owner.execute(own.format(name)).fetchone()[0] == newest] == [MODELS[0]]
