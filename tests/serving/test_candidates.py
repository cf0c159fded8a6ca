"""Several answers to one question: what most of them return decides."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from serving.access.caller import Caller
from serving.app import create_app
from tests.serving.support import Generated

LIKELIEST = "SELECT COUNT(*) FROM customers"
# Two spellings of one result, which no single spelling would win with.
DRAFTS = (
    LIKELIEST,
    "SELECT COUNT(*) FROM orders",
    "SELECT COUNT(order_id) FROM orders",
    "SELECT order_id FROM nowhere",
    "SELECT MAX(order_id) + order_id FROM orders",
)


@pytest.fixture
def client(settings, champion):
    """The API around a model that gives the drafts to any question."""

    def generate(questions):
        found = Generated(LIKELIEST, drafts=DRAFTS, draft_log_probabilities=(-0.5, -1.0, -2.0, -0.1, -0.1))
        return [found] * len(questions)

    with TestClient(create_app(settings, replace(champion, generate=generate))) as running:
        yield running


def test_the_result_that_most_give_wins(client):
    body = {"question": "How many orders?", "execute": "rows"}
    assert client.post("/v1/sql", json=body).json()["rows"] == [[2]]
    answer = client.post("/v1/sql", json=body | {"candidates": 5}).json()
    assert (answer["sql"], answer["rows"]) == ("select count(*) from orders", [[2000]])
    assert answer["timings_ms"]["candidates"] > 0


def test_there_is_a_most_and_they_need_the_right_to_run(client, settings, monkeypatch):
    body = {"question": "How many orders?", "candidates": settings.max_candidates + 1}
    response = client.post("/v1/sql", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_request")
    only_asks = Caller("key", frozenset({"ask"}))
    monkeypatch.setattr(client.app.state.service.key_ring, "authenticate", lambda token: only_asks)
    assert client.post("/v1/sql", json=body | {"candidates": 2}).json()["error"]["code"] == "missing_scope"
