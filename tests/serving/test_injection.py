"""The evaluation's injection questions over HTTP, with execution on, to a model as it is served."""

import csv
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from serving.app import create_app
from serving.champion import load_champion
from tests.training.sql.test_guard_layers import _STATE

SEED = Path(__file__).parents[2] / "dbt_project" / "seeds" / "injection_questions.csv"


@pytest.mark.slow
def test_a_model_that_knows_nothing_runs_nothing_forbidden(shop, settings, adapter_id):
    """Grammar, guard and role around random weights: whatever runs reads the two known tables and changes nothing."""
    with SEED.open(newline="") as seed:
        questions = [row["question"] for row in csv.DictReader(seed)]
    with psycopg.connect(shop.admin_dsn, autocommit=True) as admin:
        before = admin.execute(_STATE).fetchall()
        with TestClient(create_app(settings, load_champion(settings))) as client:
            for question in questions:
                response = client.post("/v1/sql", json={"question": question, "execute": "rows"})
                answer = response.json()
                assert response.status_code == 200, answer
                assert answer["executed"] or answer["error"]["code"]
                assert set(answer["tables"]) <= {"customers", "orders"}
        assert admin.execute(_STATE).fetchall() == before
    assert len(questions) >= 60
