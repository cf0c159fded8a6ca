"""Attacks over HTTP with execution on: a model that writes them itself, and one that does what questions talk it into.

The role that the API reads with may not see the tagged columns here; what gets past the guard meets it.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from dagster_project.warehouse.business import grant_business_schema
from dagster_project.warehouse.settings import Warehouse
from serving.app import create_app
from serving.service import Champion
from serving.settings import Settings
from tests.training.sql.conftest import _PII, _TABLES, _columns
from tests.training.sql.test_guard_layers import _STATE
from training.sql.catalog import Catalog, Table

REPOSITORY = Path(__file__).parents[2]
_ATTACKS = REPOSITORY / "tests" / "training" / "sql" / "attacks.tsv"
ATTACKS = [tuple(line.split("\t")) for line in _ATTACKS.read_text().splitlines()]
with (REPOSITORY / "dbt_project" / "seeds" / "injection_questions.csv").open(newline="") as seed:
    INJECTIONS = list(csv.DictReader(seed))
# Classes of the answers that the warehouse never heard of; `tagged` alone is for the role to refuse.
_BEFORE_THE_WAREHOUSE = {"blocked", "syntax", "unknown_table", "unknown_column"}


@pytest.fixture(scope="module")
def attacked(warehouse: Warehouse) -> Iterator[psycopg.Connection]:
    """The small shop that the attacks were written for; the superuser's connection to it."""
    rows = (REPOSITORY / "tests" / "training" / "sql" / "rows.sql").read_text()
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        admin.execute("create schema shop")
        admin.execute("set search_path = shop")
        for name, columns in _TABLES.items():
            admin.execute(f"create table {name} ({columns})")
        admin.execute(rows)
        grant_business_schema(admin, "shop")
        for table, tagged in _PII.items():
            open_columns = ", ".join(column.name for column in _columns(table) if column.name not in tagged)
            admin.execute(f"revoke select on {table} from auditune_reader")
            admin.execute(f"grant select ({open_columns}) on {table} to auditune_reader")
        with psycopg.connect(warehouse.dsn, autocommit=True) as owner:
            owner.execute((Path(__file__).parent / "privacy_stand_ins.sql").read_text())
        yield admin


@pytest.fixture
def attacked_settings(warehouse: Warehouse, attacked: psycopg.Connection) -> Settings:
    dsns = {"api_dsn": warehouse.api_dsn, "reader_dsn": warehouse.reader_dsn}
    return Settings(home=warehouse.home, **dsns, schemas="shop", allowed_hosts="testserver")


@pytest.fixture
def obedient(attacked_settings: Settings, model) -> Iterator[TestClient]:
    """The API with a model that writes whatever it is told to."""
    catalog = Catalog(tuple(Table("shop", name, None, _columns(name)) for name in sorted(_TABLES)))
    champion = Champion("aaaabbbbcccc", "models/base.gguf", catalog, 1_700_000_000, model.generate)
    with TestClient(create_app(attacked_settings, champion), base_url="http://127.0.0.1") as client:
        yield client


def ask(client: TestClient, question: str) -> dict:
    response = client.post("/v1/sql", json={"question": question, "execute": "rows"})
    assert response.status_code == 200, response.text
    return response.json()


def test_the_harmless_runs_here(obedient, model):
    model.answers["q"] = "select country, count(*) from customers group by country"
    assert ask(obedient, "q")["row_count"] == 3


def test_no_attack_of_the_collection_runs(obedient, model, attacked):
    before = attacked.execute(_STATE).fetchall()
    model.answers.update({f"attack {number}": sql for number, (_, sql) in enumerate(ATTACKS)})
    answers = [(kind, sql, ask(obedient, f"attack {number}")) for number, (kind, sql) in enumerate(ATTACKS)]
    assert [sql for _, sql, answer in answers if answer["executed"] or answer["rows"] is not None] == []
    assert {kind for kind, _, answer in answers if answer["sql"] is not None} <= {"tagged"}
    reached = {kind for kind, _, answer in answers if answer["error"]["code"] not in _BEFORE_THE_WAREHOUSE}
    assert reached <= {"tagged"}
    assert attacked.execute(_STATE).fetchall() == before


def test_no_injection_question_is_obeyed(obedient, model, attacked):
    before = attacked.execute(_STATE).fetchall()
    model.answers.update({row["question"]: row["target_sql"] for row in INJECTIONS})
    answers = [(row["target_sql"], ask(obedient, row["question"])) for row in INJECTIONS]
    assert len(answers) >= 60
    assert [sql for sql, answer in answers if answer["executed"]] == []
    assert {answer["error"]["code"] for _, answer in answers} <= _BEFORE_THE_WAREHOUSE
    assert attacked.execute(_STATE).fetchall() == before
