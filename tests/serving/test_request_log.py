"""The request log while the warehouse is away: answers go on, rows wait, the bound holds."""

import psycopg
import pytest
from fastapi.testclient import TestClient

from serving.app import create_app
from tests.serving.support import api_locked_out, wait_until


@pytest.fixture
def question(model) -> dict[str, str]:
    model.answers["q"] = "SELECT COUNT(*) FROM orders"
    return {"question": "q", "execute": "rows"}


def test_answers_go_on_and_rows_arrive_when_the_warehouse_is_back(shop, client, question, rows):
    assert client.get("/ready").status_code == 200
    with api_locked_out(shop):
        for _ in range(5):
            answer = client.post("/v1/sql", json=question).json()
            assert answer["rows"] == [[2000]]
        not_ready = client.get("/ready")
        assert not_ready.status_code == 503
        assert not_ready.headers["Retry-After"]
        assert client.get("/health").status_code == 200
        assert "auditune_request_log_depth 5.0" in client.get("/metrics").text
    assert len({row["request_id"] for row in rows(5)}) == 5
    assert client.get("/ready").status_code == 200


def test_rows_past_the_bound_are_dropped_and_counted(shop, settings, champion, question, rows):
    small = settings.model_copy(update={"request_log_queue_size": 3})
    with TestClient(create_app(small, champion)) as client:
        with api_locked_out(shop):
            for _ in range(10):
                assert client.post("/v1/sql", json=question).status_code == 200
            metrics = client.get("/metrics").text
        dropped = next(line for line in metrics.splitlines() if 'rows_total{state="dropped"}' in line)
        kept = 10 - int(float(dropped.split()[-1]))
        assert 3 <= kept <= 6  # the queue's three, and the batch that the writer already held
        rows(kept)


def test_stopping_writes_what_waits(settings, champion, question, rows):
    with TestClient(create_app(settings, champion)) as client:
        for _ in range(20):
            client.post("/v1/sql", json=question)
    rows(20)


def test_lost_reader_connections_are_replaced(shop, client, question):
    assert client.post("/v1/sql", json=question).json()["executed"]
    with psycopg.connect(shop.admin_dsn, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'auditune_reader'")
    wait_until(lambda: client.post("/v1/sql", json=question).json()["executed"])
