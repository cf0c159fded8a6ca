"""The replay: what the server's log holds afterwards is what people and tools really send."""

import glob
import json

import psycopg
import pytest

from dagster_project.sample.accounts import ForeignRoleError, prepare_logins
from dagster_project.sample.business import create_business
from dagster_project.sample.questions import load_questions, recurring_questions
from dagster_project.sample.replay import ReplayError, ask_questions, is_replayed, replay_workload
from dagster_project.sample.workload import build_workload
from dagster_project.warehouse.settings import Warehouse


@pytest.fixture(scope="module")
def counts(admin_dsn: str) -> dict[str, int]:
    with pytest.raises(ReplayError, match="create the sample first"):
        replay_workload(admin_dsn)
    create_business(admin_dsn, scale=0.3)
    assert not is_replayed(admin_dsn)
    return replay_workload(admin_dsn)


@pytest.fixture(scope="module")
def log(warehouse: Warehouse, admin_dsn: str, counts: dict[str, int]) -> list[dict]:
    with psycopg.connect(admin_dsn) as conn:
        database = conn.info.dbname
    files = [file for pattern in warehouse.audit_logs for file in sorted(glob.glob(str(pattern)))]
    lines = [json.loads(line) for file in files for line in open(file, encoding="utf-8")]
    return [line for line in lines if line.get("dbname") == database]


def test_the_counts_are_those_of_a_busy_week(counts: dict[str, int]):
    assert 2500 <= sum(counts.values()) <= 4500
    assert counts["question"] >= len(recurring_questions(load_questions()))
    assert set(counts) == {
        "question", "failing", "catalog", "session", "ddl", "dml", "maintenance", "ad_hoc",
    }  # fmt: skip


def test_each_tool_leaves_its_own_marks_in_the_log(log: list[dict]):
    by_application: dict[str, list[dict]] = {}
    for line in log:
        by_application.setdefault(line.get("application_name", ""), []).append(line)
    assert any("-- question: " in line["message"] for line in by_application["psql"])
    assert any("/* dashboard: " in line["message"] for line in by_application["Metabase"])
    bound = [line for line in by_application["shop-backoffice"] if line["message"].startswith("execute ")]
    # ("parameters:" up to PostgreSQL 15)
    assert any("$1" in line["message"] and line["detail"].lower().startswith("parameters: $1 = '") for line in bound)
    assert any("question='" in line["message"] for line in bound)
    client_side = by_application["reporting-service"]
    assert any("::date" in line["message"] for line in client_side)
    assert not any("$1" in line["message"] for line in client_side)
    bare = by_application["DBeaver 24.2.5 - SQLEditor"]
    assert not any("/*" in line["message"] or "--" in line["message"] for line in bare)
    assert {"42P01", "42601", "42703", "42501"} <= {line.get("state_code") for line in log}


def test_no_password_reaches_the_log(log: list[dict]):
    text = json.dumps(log).lower()
    assert "scram-sha-256" not in text
    assert " password " not in text


def test_the_business_is_unchanged_and_the_replay_is_remembered(admin_dsn: str, counts: dict[str, int]):
    assert not create_business(admin_dsn, scale=0.3).is_new
    with psycopg.connect(admin_dsn) as conn:
        assert conn.execute("select count(*) from shop.support_tickets where ticket_id = 3").fetchone() == (1,)
    assert is_replayed(admin_dsn)
    assert not is_replayed(admin_dsn, seed=8)


def test_the_same_seed_sends_the_same_workload(admin_dsn: str, counts: dict[str, int]):
    with psycopg.connect(admin_dsn, options="-c search_path=shop") as conn:
        asked = ask_questions(conn, 7)
    assert build_workload(asked, 7) == build_workload(asked, 7)
    assert build_workload(asked, 7) != build_workload(asked, 8)


def test_a_foreign_role_is_left_alone(admin_dsn: str, counts: dict[str, int]):
    with psycopg.connect(admin_dsn) as conn:
        conn.execute("comment on role shop_bi is 'the shop''s own'")
        with pytest.raises(ForeignRoleError, match="shop_bi"):
            prepare_logins(conn)
        conn.rollback()
