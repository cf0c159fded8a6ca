"""POST /v1/sql: SQL, rows, the guard, and every way it can be refused."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from serving.app import create_app


def test_sql_without_rows(ask, rows):
    answer = ask("SELECT COUNT(*) FROM orders;")
    assert answer["sql"] == "select count(*) from orders"
    assert answer["tables"] == ["orders"]
    assert answer["adapter_id"] == "aaaabbbbcccc"
    assert (answer["executed"], answer["rows"], answer["error"]) == (False, None, None)
    assert set(answer["timings_ms"]) == {"generation", "guard", "total"}
    (row,) = rows(1)
    assert row["request_id"] == UUID(answer["request_id"])
    assert (row["outcome"], row["is_executed"], row["route"]) == ("ok", False, "/v1/sql")
    assert (row["adapter_id"], row["base_model"]) == ("aaaabbbbcccc", "models/base.gguf")
    assert (row["prompt_tokens"], row["completion_tokens"]) == (400, 20)


def test_rows_come_as_json_values(ask, rows):
    answer = ask("SELECT order_id, ordered_at, total FROM orders ORDER BY order_id LIMIT 2", execute="rows")
    assert answer["executed"] is True
    assert answer["row_columns"] == ["order_id", "ordered_at", "total"]
    assert answer["rows"][0][0] == 1
    assert answer["rows"][0][1].startswith("2026-01-01T01:00:00")
    assert answer["rows"][0][2] == 1.5
    assert (answer["row_count"], answer["is_truncated"]) == (2, False)
    assert answer["timings_ms"]["execution"] > 0
    (row,) = rows(1)
    assert (row["is_executed"], row["row_count"], row["error_class"]) == (True, 2, None)


def test_explain_says_what_rows_would_cost(ask, rows):
    answer = ask("SELECT order_id FROM orders", execute="explain")
    assert answer["estimate"]["rows"] == 2000
    assert answer["estimate"]["cost"] > 0
    assert (answer["executed"], answer["rows"], answer["error"]) == (False, None, None)
    assert answer["timings_ms"]["explain"] > 0
    assert ask(_HEAVY, question="too much", execute="explain")["error"]["code"] == "too_expensive"
    assert [row["error_class"] for row in rows(2)] == [None, "too_expensive"]


def test_more_rows_than_asked_for_are_cut(ask):
    answer = ask("SELECT order_id FROM orders", execute="rows", max_rows=7)
    assert (len(answer["rows"]), answer["row_count"], answer["is_truncated"]) == (7, 7, True)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM orders",
        "SELECT 1; DROP TABLE orders",
        "WITH gone AS (DELETE FROM orders RETURNING order_id) SELECT order_id FROM gone",
        "SELECT PG_SLEEP(10)",
        "SELECT PG_READ_FILE('/etc/passwd')",
        "SELECT order_id INTO copied FROM orders",
        "SELECT order_id FROM orders FOR UPDATE",
    ],
)
def test_what_the_guard_refuses_never_runs(ask, owner, rows, sql):
    answer = ask(sql, execute="rows")
    assert answer["executed"] is False
    assert answer["error"]["code"] == "blocked"
    assert owner.execute("select count(*) from raw_serving.requests where is_executed").fetchone() == (0,)
    assert rows(1)[0]["error_class"] == "blocked"


@pytest.mark.parametrize("execute", ["no", "explain", "rows"])
def test_what_the_guard_refuses_is_logged_and_not_shown(ask, rows, execute):
    sql = "SELECT passwd FROM pg_shadow"
    answer = ask(sql, execute=execute)
    assert (answer["sql"], answer["tables"], answer["columns"]) == (None, [], [])
    assert answer["error"]["code"] == "unknown_table"
    assert rows(1)[0]["sql"] == sql


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT (order_id FROM orders", "syntax"),
        ("", "syntax"),
        ("SELECT customer_id FROM orders JOIN customers ON orders.customer_id = customers.customer_id", "syntax"),
        ("SELECT order_id FROM invoices", "unknown_table"),
        ("SELECT weight FROM orders", "unknown_column"),
        ("SELECT passwd FROM pg_shadow", "unknown_table"),
        ("SELECT order_id FROM orders WHERE status > 5", "type"),
    ],
)
def test_wrong_sql_has_its_class(ask, rows, sql, code):
    answer = ask(sql, execute="rows")
    assert (answer["executed"], answer["rows"]) == (False, None)
    assert answer["error"]["code"] == code
    (row,) = rows(1)
    assert (row["outcome"], row["error_class"], row["row_count"]) == ("error", code, None)


_HEAVY = "SELECT COUNT(*) FROM orders AS a CROSS JOIN orders AS b CROSS JOIN orders AS c"


def test_expensive_sql_is_not_run(ask, rows):
    assert ask(_HEAVY, execute="rows")["error"]["code"] == "too_expensive"
    assert rows(1)[0]["error_class"] == "too_expensive"


def test_slow_sql_is_stopped(settings, champion, model, rows):
    model.answers["q"] = _HEAVY
    limited = settings.model_copy(update={"statement_timeout_ms": 50, "cost_ceiling": 1e15})
    with TestClient(create_app(limited, champion)) as client:
        answer = client.post("/v1/sql", json={"question": "q", "execute": "rows"}).json()
    assert (answer["executed"], answer["error"]["code"]) == (False, "timeout")
    assert rows(1)[0]["error_class"] == "timeout"


@pytest.mark.parametrize(
    "body",
    [
        b'{"question": ""}',
        b'{"question": "  "}',
        b'{"question": "a\\u0000b"}',
        b'{"question": "a\\u001bb"}',
        b'{"question": "a\\ud800b"}',
        b'{"question": "' + b"x" * 2001 + b'"}',
        b'{"question": "ok", "max_rows": 0}',
        b'{"question": "ok", "execute": "write"}',
        b'{"question": "ok", "secretfield": 1}',
        b'{"question": 5}',
        b"[]",
        b"{not json",
        b"",
        b"\xff\xfe",
    ],
)
def test_invalid_requests_are_422_in_the_one_shape(client, model, body):
    response = client.post("/v1/sql", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert set(response.json()) == {"error"}
    assert set(response.json()["error"]) == {"message", "type", "code"}
    assert "secretfield" not in response.text
    assert model.batches == []


def test_newlines_and_other_scripts_are_fine(ask):
    assert ask("SELECT COUNT(*) FROM orders", question="How many\norders – 注文はいくつ?")["error"] is None


def test_a_failing_model_is_503_and_logged(client, model, rows):
    response = client.post("/v1/sql", json={"question": "the stub does not know this"})
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "generation_failed"
    (row,) = rows(1)
    assert (row["outcome"], row["error_class"], row["sql"]) == ("error", "generation", None)
    model.answers["next"] = "SELECT COUNT(*) FROM orders"
    assert client.post("/v1/sql", json={"question": "next"}).status_code == 200


def test_a_full_queue_sheds_load(settings, champion, model):
    started, release = Event(), Event()

    def slow(questions):
        started.set()
        release.wait(20)
        return model.generate(questions)

    model.answers["q"] = "SELECT COUNT(*) FROM orders"
    small = settings.model_copy(update={"engine_queue_size": 2, "engine_batch_size": 1})
    stuck = type(champion)(**{**vars(champion), "generate": slow})
    with TestClient(create_app(small, stuck)) as client, ThreadPoolExecutor(12) as threads:
        asked = [threads.submit(client.post, "/v1/sql", json={"question": "q"})]
        assert started.wait(10)
        asked += [threads.submit(client.post, "/v1/sql", json={"question": "q"}) for _ in range(9)]
        refused = []
        while len(refused) < 7:
            refused = [future for future in asked if future.done()]
        release.set()
        statuses = sorted(future.result().status_code for future in asked)
        assert statuses == [200] * 3 + [503] * 7
        response = refused[0].result()
        assert response.headers["Retry-After"] == "2"
        assert response.json()["error"]["code"] == "busy"
        assert 'auditune_shed_requests_total{full="engine"} 7.0' in client.get("/metrics").text


def test_each_of_many_callers_gets_its_own_answer(client, model, rows):
    model.answers.update({f"order {n}?": f"SELECT total FROM orders WHERE order_id = {n}" for n in range(1, 61)})

    def one(n: int) -> tuple[int, float]:
        body = {"question": f"order {n}?", "execute": "rows"}
        return n, client.post("/v1/sql", json=body).json()["rows"][0][0]

    with ThreadPoolExecutor(16) as threads:
        for n, total in threads.map(one, range(1, 61)):
            assert total == n + 0.5
    logged = rows(60)
    assert all(f"order_id = {row['question'].split()[1][:-1]}" in row["sql"] for row in logged)
