"""`python -m training.sql.guard`: verdicts of statements under a policy, and their rows under its limits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from dagster_project.warehouse.settings import Warehouse

POLICY = {
    "search_path": ["guarded"],
    "role": "guarded_reader",
    "relations": {"guarded.people": ["person_id", "country"], "guarded.orders": ["order_id", "person_id", "total"]},
    "functions": ["fiscal_year"],
    "limits": {"statement_timeout_ms": 500, "row_cap": 3, "response_bytes": 20},
}
_TABLES = """
create schema guarded;
create table guarded.people (person_id integer, email text, country text);
create table guarded.orders (order_id integer, person_id integer, total numeric, note text);
create table guarded.payroll (person_id integer, salary numeric);
create view guarded.pg_class as select 1 as person_id;
insert into guarded.people values (1, 'ada@example.com', 'PT'), (2, 'bob@example.com', 'NO');
insert into guarded.orders select n, 1 + n % 2, n * 10, repeat('x', 30) from generate_series(1, 10) as n;
create function guarded.fiscal_year(day date) returns integer language sql immutable as
    'select extract(year from day)::integer';
create schema behind;
create table behind.payroll (salary numeric);
create role guarded_reader;
grant usage on schema guarded to guarded_reader;
grant select (person_id, country) on guarded.people to guarded_reader;
grant select on guarded.orders to guarded_reader;
grant execute on function guarded.fiscal_year to guarded_reader;
"""


@pytest.fixture(scope="module")
def database(admin_dsn: str) -> str:
    """A database with a table whose addresses are closed, and one that nobody may read."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute("drop role if exists guarded_reader")
        connection.execute(_TABLES)
    return admin_dsn


def _guard(dsn: str, *options: str, lines: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "training.sql.guard", "--dsn", dsn, *options]
    return subprocess.run(command, input=lines, capture_output=True, text=True)


def _answers(dsn: str, *options: str, statements: list[str]) -> list[dict]:
    lines = "".join(json.dumps({"id": number, "sql": sql}) + "\n" for number, sql in enumerate(statements))
    done = _guard(dsn, *options, lines=lines)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == list(range(len(statements)))
    return answers


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    return str(path)


def test_a_policy_opens_what_it_names_and_nothing_else(database: str, policy: str) -> None:
    allowed = [
        "select country, count(*) from people group by country",
        "select p.country, sum(o.total) from guarded.people p join orders o using (person_id) group by 1",
        "select fiscal_year(date '2026-01-31')",
        "select count(*) from (select order_id from orders) as x",
    ]
    blocked = [
        "select email from people",
        "select * from people",
        "select p from people p",
        "select (p).email from people p",
        "select email(p) from people p",
        "select p.* from people p",
        "select row_to_json(p) from people p",
        "select country from people order by email",
        "select country from people natural join (select 'ada@example.com' as email) as x",
        "select 1 from people join orders on people.email = orders.note",
        "select note from orders",
        "select count(*) from payroll",
        "select count(*) from behind.payroll",
        "select person_id from pg_class",
        "select * from pg_authid",
        "table people",
        "select ctid from people",
        "select total from orders for update",
        "select pg_sleep(10)",
        "delete from orders",
        "select 1; select 2",
        "",
    ]
    answers = _answers(database, "--policy", policy, statements=allowed + blocked)
    assert [answer["verdict"] for answer in answers] == ["allow"] * len(allowed) + ["block"] * len(blocked)
    assert all(answer["rule"] and answer["message"] for answer in answers[len(allowed) :])
    assert "rows" not in answers[0]


def test_rows_come_as_the_policys_role_and_under_its_limits(database: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(POLICY | {"limits": POLICY["limits"] | {"cost_ceiling": 1e60}}))
    answers = _answers(
        database,
        "--policy",
        str(policy),
        "--run",
        statements=[
            "select country from people order by country",
            "select order_id from orders order by order_id",
            "select string_agg(country, ', '), repeat.total from people, orders as repeat group by 2 order by 2",
            "select count(*) from " + ", ".join(f"orders o{number}" for number in range(9)),
            "select current_user",
            "select total / 0 from orders",
        ],
    )
    assert answers[0]["rows"] == [["NO"], ["PT"]]
    assert answers[1] | {"rows": [[1], [2], [3]], "row_count": 3, "is_truncated": True} == answers[1]
    assert answers[2]["is_truncated"]
    assert answers[2]["row_count"] < 3  # the values of three rows are more than 20 bytes
    assert answers[3]["error"] == "timeout"
    assert answers[4]["verdict"] == "block"
    assert answers[5]["sqlstate"] == "22012"


def test_what_the_planner_expects_to_cost_too_much_is_not_run(database: str, tmp_path: Path) -> None:
    limits = POLICY["limits"] | {"cost_ceiling": 100}
    (tmp_path / "policy.json").write_text(json.dumps(POLICY | {"limits": limits}))
    statements = ["select count(*) from orders", "select count(*) from orders a, orders b, orders c, orders d"]
    cheap, dear = _answers(database, "--policy", str(tmp_path / "policy.json"), "--run", statements=statements)
    assert cheap["rows"] == [[10]]
    assert (dear["verdict"], dear["error"]) == ("allow", "too_expensive")
    assert "rows" not in dear


def test_without_a_policy_tagged_columns_stay_closed(warehouse: Warehouse) -> None:
    with psycopg.connect(warehouse.dsn, autocommit=True) as owner:
        owner.execute("create schema if not exists corpus")
        owner.execute(
            "create table corpus.schema_catalog (table_schema text, table_name text, column_name text, pii_class text)"
        )
        owner.execute("insert into corpus.schema_catalog values ('tagged', 'people', 'email', 'email')")
        owner.execute("create schema tagged")
        owner.execute("create table tagged.people (person_id integer, email text)")
    statements = ["select person_id from people", "select email from people", "select count(*) from people"]
    answers = _answers(warehouse.dsn, "--schemas", "tagged", statements=statements)
    assert [answer["verdict"] for answer in answers] == ["allow", "block", "allow"]
    done = _guard(warehouse.sandbox_dsn, "--schemas", "tagged", lines="")
    assert done.returncode == 2
    assert "cannot be read by this role" in done.stderr


@pytest.mark.parametrize("line", ["{", "[]", '{"id": 1}', '{"id": 1, "sql": 5}', "\x00"])
def test_a_broken_line_gets_a_verdict_and_stops_nothing(database: str, policy: str, line: str) -> None:
    done = _guard(database, "--policy", policy, lines=f'{line}\n{{"id": 2, "sql": "select country from people"}}\n')
    rules = [json.loads(answer)["rule"] for answer in done.stdout.splitlines()]
    assert rules == ["bad_line", None]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "Invalid JSON"),
        ('{"relations": {"people": []}}', "schema.table"),
        ('{"relations": {"guarded.nothing": ["a"]}}', "relation guarded.nothing"),
        ('{"relations": {"guarded.people": ["age"]}}', "column guarded.people.age"),
        ('{"relations": {}, "limits": {"row_cap": 0}}', "limits.row_cap"),
        ('{"relations": {}, "rolle": "x"}', "rolle"),
    ],
)
def test_a_policy_that_means_nothing_is_refused(database: str, tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "policy.json"
    path.write_text(content)
    done = _guard(database, "--policy", str(path), lines="")
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_database_that_is_away_is_one_sentence_without_the_password() -> None:
    done = _guard("postgresql://nobody:secret@127.0.0.1:1/none", lines="")
    assert done.returncode == 2
    assert "secret" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_functions_and_operators_of_the_search_path_are_not_taken_for_the_servers(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create schema shadowing")
        connection.execute("create table shadowing.notes (note varchar)")
        connection.execute("create function shadowing.lower(varchar) returns text language sql as 'select $1'")
        connection.execute("create function shadowing.plus(varchar, integer) returns text language sql as 'select $1'")
        connection.execute(
            "create operator shadowing.+ (leftarg = varchar, rightarg = integer, function = shadowing.plus)"
        )
    statements = ["select lower(note) from notes", "select note + 1 from notes", "select upper(note) from notes"]
    answers = _answers(database, "--schemas", "shadowing", statements=statements)
    assert [answer["verdict"] for answer in answers] == ["block", "block", "allow"]


def test_a_search_path_that_the_server_would_pass_over_is_refused(database: str, tmp_path: Path) -> None:
    for schema in ("nowhere", "$user"):
        (tmp_path / "policy.json").write_text(json.dumps(POLICY | {"search_path": [schema, *POLICY["search_path"]]}))
        done = _guard(database, "--policy", str(tmp_path / "policy.json"), lines="")
        assert (done.returncode, done.stdout) == (2, "")
        assert f"The schema {schema} of the search path does not exist" in done.stderr


def test_a_policy_without_a_search_path_runs_qualified_names(database: str, tmp_path: Path) -> None:
    policy = {key: value for key, value in POLICY.items() if key != "search_path"}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    statements = ["select count(*) from guarded.orders", "select count(*) from orders"]
    qualified, bare = _answers(database, "--policy", str(tmp_path / "policy.json"), "--run", statements=statements)
    assert qualified["rows"] == [[10]]
    assert bare["verdict"] == "block"


@pytest.mark.parametrize("name", ["query_to_xml", "set_config", "pg_read_file", "dblink"])
def test_a_policy_cannot_open_functions_that_reach_beyond_it(database: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "policy.json").write_text(json.dumps(POLICY | {"functions": [name]}))
    done = _guard(database, "--policy", str(tmp_path / "policy.json"), lines="")
    assert done.returncode == 2
    assert f"{name} reaches what no policy can close" in done.stderr


def test_no_line_ends_the_batch(database: str, policy: str) -> None:
    lines = [
        '{"id": "\\ud800", "sql": "select 1"}',
        '{"id": 1, "sql": "select \'\\ud800\'"}',
        "[" * 200_000,
        '{"id": ' + "[" * 5000 + "]" * 5000 + ', "sql": "select 1"}',
        '{"id": 2, "sql": "select \'é\'"}',
    ]
    for encoding in ("utf-8", "ascii"):
        done = subprocess.run(
            [sys.executable, "-m", "training.sql.guard", "--dsn", database, "--policy", policy, "--run"],
            input="\n".join(lines).encode(),
            capture_output=True,
            env=os.environ | {"PYTHONIOENCODING": encoding},
        )
        assert done.returncode == 0, done.stderr
        answers = [json.loads(line) for line in done.stdout.decode(encoding).splitlines()]
        assert [answer["verdict"] for answer in answers] == ["allow", "block", "block", "block", "allow"]
        assert answers[4]["rows"] == [["é"]]
