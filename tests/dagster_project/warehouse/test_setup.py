"""Set-up on a real server: it changes nothing the second time, and leaves no trace of itself in the audit log."""

import json
import re
import subprocess
import time
from pathlib import Path

import psycopg

from dagster_project.warehouse.env_file import env_file, read_env
from dagster_project.warehouse.settings import ROLE_VARIABLES, Warehouse
from dagster_project.warehouse.setup import Target, set_up

CATALOGUE = """
select jsonb_build_object(
    'roles', (select jsonb_agg(to_jsonb(r) - 'oid' order by rolname) from pg_authid r where rolname like 'auditune%'),
    'settings', (select jsonb_agg(to_jsonb(s) order by setdatabase, setrole) from pg_db_role_setting s),
    'schemas', (select jsonb_agg(to_jsonb(n) order by nspname) from pg_namespace n where nspname !~ '^pg_'),
    'tables', (select jsonb_agg(jsonb_build_array(oid, relname, relowner, relacl) order by oid)
        from pg_class where oid > 16383),
    'defaults', (select jsonb_agg(to_jsonb(d) order by oid) from pg_default_acl d)
)
"""


def again(warehouse: Warehouse) -> Warehouse:
    assert warehouse.admin_dsn is not None
    target = Target(
        warehouse.home, warehouse.admin_dsn, True, warehouse.schemas, warehouse.audit_logs, warehouse.base_model
    )
    return set_up(target).warehouse


def test_second_run_changes_nothing(warehouse: Warehouse, admin_dsn: str) -> None:
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        before = admin.execute(CATALOGUE).fetchone()
        env_before = env_file(warehouse.home).stat()
        assert again(warehouse) == warehouse
        assert admin.execute(CATALOGUE).fetchone() == before
    assert env_file(warehouse.home).stat().st_mtime_ns == env_before.st_mtime_ns


def test_an_earlier_versions_results_get_the_new_columns_and_stay(warehouse: Warehouse, admin_dsn: str) -> None:
    new = ("suite_match", "drafts_clean", "difficulty", "categories")
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        for column in new:
            admin.execute(f"alter table raw_training.evaluation_results drop column {column}")
        admin.execute("drop table raw_training.injection_results")
        admin.execute(
            "insert into raw_training.evaluation_results values"
            " ('e', 'base', 'question_split', 'p', 'select 1', 0.5, false, true, true, true, true, null, 3.5)"
        )
        again(warehouse)
        kept = admin.execute(f"select pair_id, {', '.join(new)} from raw_training.evaluation_results").fetchall()
        assert kept == [("p", None, None, None, None)]
        assert admin.execute("select count(*) from raw_training.injection_results").fetchone() == (0,)
        admin.execute("delete from raw_training.evaluation_results")


def test_forgotten_password_of_the_embedded_roles_is_set_anew(warehouse: Warehouse, admin_dsn: str) -> None:
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute("set log_statement = none")
        admin.execute("alter role auditune_api password 'something else'")
    again(warehouse)
    psycopg.connect(warehouse.api_dsn).close()


def test_env_file_is_private_and_a_shell_reads_what_we_wrote(warehouse: Warehouse) -> None:
    path = env_file(warehouse.home)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_env(warehouse.home) == warehouse.environment()
    shell = ["/bin/sh", "-c", f'. "{path}"; printf "%s" "$AUDITUNE_READER_DSN"']
    assert subprocess.run(shell, capture_output=True, text=True, check=True).stdout == warehouse.reader_dsn
    assert Warehouse.load({"AUDITUNE_HOME": str(warehouse.home)}) == warehouse


def test_passwords_are_not_shown(warehouse: Warehouse) -> None:
    password = re.search(r":([^:@]+)@", warehouse.dsn)
    assert password is not None
    assert password.group(1) not in repr(warehouse)


def test_dagster_calls_nobody(warehouse: Warehouse) -> None:
    assert "telemetry:\n  enabled: false" in (warehouse.dagster_home / "dagster.yaml").read_text()


def test_our_statements_and_passwords_are_not_in_the_log_but_other_roles_statements_are(
    warehouse: Warehouse, admin_dsn: str
) -> None:
    for role, variable in ROLE_VARIABLES.items():
        with psycopg.connect(warehouse.environment()[variable], autocommit=True) as conn:
            conn.execute(f"select 'seen as {role}'")
            try:
                conn.execute(f"select 'seen failing as {role}' from no_such_table")
            except psycopg.errors.UndefinedTable:
                pass
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute("create role a_person login password 'of-a-person'")
    person = re.sub(r"//[^@]+@", "//a_person:of-a-person@", admin_dsn)
    with psycopg.connect(person, autocommit=True) as conn:
        conn.execute("select 'seen as a person'")

    log_folder = Path(warehouse.audit_logs[0]).parent
    deadline = time.monotonic() + 10
    text = ""
    while "seen as a person" not in text and time.monotonic() < deadline:  # the collector is a moment behind
        text = "".join(log.read_text() for log in log_folder.glob("*.json"))
    assert "seen as a person" in text
    assert "seen as auditune" not in text
    assert "seen failing" not in text
    assert "of-a-person" not in text, "the superuser's CREATE ROLE … PASSWORD must not be logged"
    assert "SCRAM-SHA-256$" not in text
    for dsn in (warehouse.environment()[variable] for variable in ROLE_VARIABLES.values()):
        assert psycopg.conninfo.conninfo_to_dict(dsn)["password"] not in text
    statements = [json.loads(line) for line in text.splitlines() if '"message":"statement: ' in line]
    assert not [
        line["message"] for line in statements if line["user"].startswith("auditune_") and "role" in line["message"]
    ]
