"""What a user wrote is nowhere in clear: not in the tables, the server's log, the API's log, metrics or errors."""

import json
from glob import glob
from pathlib import Path

import psycopg
from fastapi.testclient import TestClient

from serving.app import create_app
from tests.serving.support import SECRET, wait_until

QUESTION = f"What did {SECRET} order?"
SQL = f"SELECT order_id FROM orders JOIN customers USING (customer_id) WHERE full_name = '{SECRET}'"


def stored_text(owner) -> str:
    query = "select coalesce(string_agg(t::text, ' '), '') from raw_serving.{} as t"
    return " ".join(owner.execute(query.format(table)).fetchone()[0] for table in ("requests", "feedback"))


def server_log(shop) -> str:
    """The PostgreSQL server's log, after proof that it takes statements."""
    with psycopg.connect(shop.admin_dsn, autocommit=True) as admin:
        admin.execute("set log_statement = 'all'")
        admin.execute("select 'the log is on'")
    wait_until(lambda: "the log is on" in _read_server_log(shop))
    return _read_server_log(shop)


def _read_server_log(shop) -> str:
    return "".join(Path(name).read_text() for pattern in shop.audit_logs for name in glob(pattern))


def test_no_raw_text_anywhere(api_log, shop, settings, champion, model, rows, owner):
    model.answers[QUESTION] = SQL
    with TestClient(create_app(settings, champion)) as client:
        answered = client.post("/v1/sql", json={"question": QUESTION, "execute": "rows"}).json()
        assert answered["executed"], answered
        failed = client.post("/v1/sql", json={"question": f"{SECRET} has no answer"})
        client.post("/v1/sql", json={"question": f"{SECRET} \u0000"})
        client.get(f"/{SECRET}?q={SECRET}")
        feedback = {"request_id": answered["request_id"], "verdict": "wrong", "corrected_sql": SQL, "comment": SECRET}
        rows(2)
        assert client.post("/v1/feedback", json=feedback).status_code == 201
        metrics = client.get("/metrics").text
    assert SECRET in answered["sql"]  # the caller gets what he asked for
    stored = stored_text(owner)
    assert "<person>" in stored
    assert "What did <person> order?" in stored
    written = api_log()
    assert '"route": "/v1/sql"' in written
    for place in (stored, written, metrics, failed.text, server_log(shop)):
        assert "Lovelace" not in place
    for line in written.splitlines():
        json.loads(line)


def test_what_the_server_says_of_a_statement_that_fails_is_not_in_its_log(shop, settings, champion, model):
    """Its message quotes the value: invalid input syntax for type integer."""
    wrong = f"SELECT COUNT(*) FROM orders WHERE order_id = '{SECRET}'"
    model.answers["q"] = wrong
    with TestClient(create_app(settings, champion)) as client:
        assert client.post("/v1/validate", json={"sql": wrong}).json()["rule"] == "type"
        for execute in ("explain", "rows"):
            answer = client.post("/v1/sql", json={"question": "q", "execute": execute}).json()
            assert answer["error"]["code"] == "type"
    assert "Lovelace" not in server_log(shop)


def test_a_row_whose_texts_the_warehouse_cannot_treat_is_kept_without_them(api_log, settings, champion, model, rows):
    model.answers.update({"unpseudonymizable": SQL, "good": "SELECT COUNT(*) FROM orders"})
    with TestClient(create_app(settings, champion)) as client:
        for question in ("unpseudonymizable", "good"):
            client.post("/v1/sql", json={"question": question})
        bare, good = rows(2)
        wait_until(lambda: "auditune_request_log_depth 0.0" in client.get("/metrics").text)
        metrics = client.get("/metrics").text
    assert (bare["question"], bare["sql"], bare["outcome"]) == (None, None, "ok")
    assert good["question"] == "good"
    assert 'auditune_request_log_rows_total{state="without_text"} 1.0' in metrics
    assert 'auditune_request_log_rows_total{state="written"} 1.0' in metrics
    written = api_log()
    assert "the texts of a request row are refused" in written
    assert "unpseudonymizable" not in written


def test_the_hash_is_the_keyed_one(ask, rows, owner):
    ask("SELECT COUNT(*) FROM orders", question=QUESTION)
    expected = owner.execute("select privacy.keyed_hash(%s)", (QUESTION,)).fetchone()[0]
    assert rows(1)[0]["question_hash"] == expected


def test_an_unhandled_error_says_nothing(api_log, settings, champion, monkeypatch):
    def explode(*_arguments, **_named):
        raise RuntimeError(SECRET)

    monkeypatch.setattr("serving.routes.sql.ask", explode)
    with TestClient(create_app(settings, champion)) as client:
        response = client.post("/v1/sql", json={"question": QUESTION})
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert response.headers["X-Request-ID"]
    written = api_log()
    assert '"error_class": "RuntimeError"' in written
    assert "Lovelace" not in written + response.text
