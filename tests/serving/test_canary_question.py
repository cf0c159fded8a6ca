"""A person named in a question over HTTP is nowhere afterwards, under the functions that dbt really makes."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from dagster_project.audit_log.ingest import find_log_files
from dagster_project.privacy.proof import prove
from dagster_project.warehouse.settings import Warehouse
from serving.app import create_app
from serving.service import Champion
from serving.settings import Settings
from tests.business_warehouse import ADDRESS, BIRTH_DATE, EMAIL, NAME, PHONE, Built
from tests.serving.support import wait_until
from training.sql.catalog import read_catalog

NOBODYS_EMAIL = "someone@canarymail.test"
QUESTIONS = [
    f"What did {NAME} of {ADDRESS} order?",
    f"Who was born on {BIRTH_DATE} and has {PHONE}?",
    f"Orders of {EMAIL} and of {NOBODYS_EMAIL}",
]
SQL = f"select city from customers where full_name = '{NAME}' and birth_date = '{BIRTH_DATE}'"
# No other word of the database holds one of these.
SECRETS = ("quillfeather", "quillmail", "larkspur", "900815", BIRTH_DATE, "canarymail")


@pytest.fixture
def owner(built_copy: Warehouse) -> Iterator[psycopg.Connection]:
    with psycopg.connect(built_copy.dsn, autocommit=True) as connection:
        yield connection


def secrets_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text.lower()]


def test_a_person_in_a_question_is_in_no_table_log_metric_error_or_file(
    api_log, built_copy: Warehouse, built: Built, owner: psycopg.Connection, model, tmp_path: Path
) -> None:
    model.answers.update(dict.fromkeys(QUESTIONS, SQL))
    champion = Champion("aaaabbbbcccc", "models/base.gguf", read_catalog(owner), 1_700_000_000, model.generate)
    settings = Settings(
        home=tmp_path,
        api_dsn=built_copy.api_dsn,
        reader_dsn=built_copy.reader_dsn,
        schemas="shop",
        allowed_hosts="testserver",
    )
    before = owner.execute("select count(*) from raw_serving.requests").fetchone()[0]
    with TestClient(create_app(settings, champion)) as client:
        answers = [client.post("/v1/sql", json={"question": question, "execute": "rows"}) for question in QUESTIONS]
        errors = [
            client.post("/v1/sql", json={"question": f"{NAME} {BIRTH_DATE} has no answer"}).text,
            client.post("/v1/sql", json={"question": f"{NAME} \u0000"}).text,
        ]
        count = "select count(*) from raw_serving.requests"
        wait_until(lambda: owner.execute(count).fetchone()[0] >= before + len(QUESTIONS))
        request_id = answers[0].json()["request_id"]
        verdict = {"request_id": request_id, "verdict": "wrong", "corrected_sql": SQL, "comment": f"{NAME}, {EMAIL}"}
        assert client.post("/v1/feedback", json=verdict).status_code == 201
        metrics = client.get("/metrics").text

    assert NAME in answers[0].json()["sql"]  # the caller gets what he asked for
    stored = " ".join(
        owner.execute(f"select coalesce(string_agg(t::text, ' '), '') from raw_serving.{table} as t").fetchone()[0]
        for table in ("requests", "feedback")
    )
    (surrogate,) = owner.execute("select full_name from sandbox_shop.customers where customer_id = 900001").fetchone()
    assert surrogate in stored
    database = owner.info.dbname
    server = "".join(
        line
        for path in find_log_files(built_copy.audit_logs)
        for line in path.read_text().splitlines()
        if database in line
    )
    files = " ".join(path.read_text(errors="ignore") for path in tmp_path.rglob("*") if path.is_file())
    places = {"tables": stored, "log": api_log(), "metrics": metrics, "errors": " ".join(errors), "server": server}
    assert {place: found for place, text in {**places, "files": files}.items() if (found := secrets_in(text))} == {}
    assert prove(owner, built.folder).hits == {}
