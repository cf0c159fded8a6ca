"""POST /v1/feedback."""

from uuid import uuid4

from tests.serving.support import SECRET


def test_a_verdict_is_stored_pseudonymized(client, ask, owner):
    request_id = ask("SELECT COUNT(*) FROM orders")["request_id"]
    body = {
        "request_id": request_id,
        "verdict": "wrong",
        "corrected_sql": f"SELECT order_id FROM orders WHERE status = '{SECRET}'",
        "comment": f"{SECRET} is missing",
    }
    response = client.post("/v1/feedback", json=body)  # at once: the answer's row may still be on its way
    assert response.status_code == 201
    assert response.json()["request_id"] == request_id
    stored = owner.execute("select request_id::text, verdict, corrected_sql, comment from raw_serving.feedback")
    assert stored.fetchall() == [
        (request_id, "wrong", "SELECT order_id FROM orders WHERE status = '<person>'", "<person> is missing")
    ]


def test_a_verdict_alone_is_enough(client, ask, owner):
    body = {"request_id": ask("SELECT COUNT(*) FROM orders")["request_id"], "verdict": "right"}
    assert client.post("/v1/feedback", json=body).status_code == 201
    assert owner.execute("select corrected_sql, comment from raw_serving.feedback").fetchall() == [(None, None)]


def test_an_unknown_request_is_404(client, owner):
    response = client.post("/v1/feedback", json={"request_id": str(uuid4()), "verdict": "right"})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "request_not_found")
    assert owner.execute("select count(*) from raw_serving.feedback").fetchone() == (0,)


def test_other_verdicts_are_422(client):
    response = client.post("/v1/feedback", json={"request_id": str(uuid4()), "verdict": "maybe"})
    assert response.status_code == 422
