"""OpenAI's shapes: chat completions and models, also as OpenAI's own client reads them."""

import openai
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


@pytest.fixture
def official(client):
    """OpenAI's client, its requests answered by the running API."""
    return openai.OpenAI(base_url="http://127.0.0.1/v1", api_key="none is needed", http_client=client, max_retries=0)


def test_the_official_client_lists_models_and_gets_an_answer(official, model):
    model.answers["q"] = SQL
    assert [entry.id for entry in official.models.list()] == ["champion", "aaaabbbbcccc"]
    completion = official.chat.completions.create(model="champion", messages=[{"role": "user", "content": "q"}])
    assert completion.choices[0].message.content == "select count(*) from orders"
    assert completion.usage.total_tokens == 420


def test_the_official_client_reads_a_stream(official, model, rows):
    model.answers["q"] = SQL
    chunks = list(
        official.chat.completions.create(
            model="champion",
            messages=[{"role": "user", "content": "q"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    (row,) = rows(1)
    assert {chunk.id for chunk in chunks} == {f"chatcmpl-{row['request_id']}"}
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == "select count(*) from orders"
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices] == [None, "stop"]
    assert [chunk.usage and chunk.usage.total_tokens for chunk in chunks] == [None, None, 420]


def test_no_word_of_a_refused_statement_is_streamed(official, client, model):
    model.answers["q"] = "DROP TABLE orders"
    asked = {"model": "champion", "messages": [{"role": "user", "content": "q"}], "stream": True}
    first, last = official.chat.completions.create(**asked)
    assert first.choices[0].delta.content is None
    assert "not allowed" in first.choices[0].delta.refusal
    assert last.choices[0].finish_reason == "content_filter"
    assert "orders" not in client.post("/v1/chat/completions", json=asked).text


def test_the_official_client_tells_errors_apart(official):
    with pytest.raises(openai.NotFoundError, match="not served here"):
        official.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "q"}], stream=True)


def test_the_last_message_must_be_the_users(client):
    messages = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "SELECT 1"}]
    response = client.post("/v1/chat/completions", json={"model": "champion", "messages": messages})
    assert response.status_code == 422
