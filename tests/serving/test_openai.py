"""OpenAI's shapes: chat completions and models."""

import pytest

SQL = "SELECT COUNT(*) FROM orders"


def chat(client, content, **more):
    body = {"model": "champion", "messages": [{"role": "user", "content": content}], **more}
    return client.post("/v1/chat/completions", json=body)


def test_models_are_the_alias_and_the_adapter(client):
    listed = client.get("/v1/models").json()
    assert listed["object"] == "list"
    assert [entry["id"] for entry in listed["data"]] == ["champion", "aaaabbbbcccc"]
    assert all(entry["object"] == "model" and entry["root"] == "models/base.gguf" for entry in listed["data"])


@pytest.mark.parametrize("content", ["How many orders?", [{"type": "text", "text": "How many orders?"}]])
def test_a_chat_is_answered_with_sql(client, model, rows, content):
    model.answers["How many orders?"] = SQL
    completion = chat(client, content, temperature=0, max_tokens=100).json()
    assert completion["object"] == "chat.completion"
    assert completion["model"] == "aaaabbbbcccc"
    (choice,) = completion["choices"]
    assert choice == {
        "index": 0,
        "message": {"role": "assistant", "content": "select count(*) from orders", "refusal": None},
        "finish_reason": "stop",
    }
    assert completion["usage"] == {"prompt_tokens": 400, "completion_tokens": 20, "total_tokens": 420}
    (row,) = rows(1)
    assert (row["route"], row["is_executed"]) == ("/v1/chat/completions", False)
    assert completion["id"] == f"chatcmpl-{row['request_id']}"


def test_sql_that_may_not_run_is_a_refusal(client, model):
    model.answers["q"] = "DROP TABLE orders"
    (choice,) = chat(client, "q").json()["choices"]
    assert choice["message"]["content"] is None
    assert "not allowed" in choice["message"]["refusal"]
    assert choice["finish_reason"] == "content_filter"


def test_an_unknown_model_is_404(client):
    response = chat(client, "q", model="gpt-4o")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize("content", ["", "a\u0007b", "x" * 2001, None])
def test_a_bad_question_is_422(client, content):
    response = chat(client, content)
    assert (response.status_code, response.json()["error"]["type"]) == (422, "invalid_request_error")


def test_a_stream_is_refused_clearly(client):
    response = chat(client, "q", stream=True)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "stream_not_offered")


def test_the_last_message_must_be_the_users(client):
    messages = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "SELECT 1"}]
    response = client.post("/v1/chat/completions", json={"model": "champion", "messages": messages})
    assert response.status_code == 422
