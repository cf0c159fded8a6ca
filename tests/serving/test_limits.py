"""Size, depth and time limits on whatever is sent: each refusal in the one error shape, and none reaches the model."""

import asyncio
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from fastapi.testclient import TestClient

from serving.access.body import check_json, read_body, replay
from serving.access.connections import LimitedProtocol
from serving.access.errors import BodyNotJson, BodyTooLarge, BodyTooSlow, JsonTooDeep, NumberTooLong
from serving.app import create_app
from tests.serving.support import served

JSON = {"Content-Type": "application/json"}


def channel(*chunks: bytes, stalls: bool = False):
    """An ASGI channel that brings a body in pieces, and then nothing for a long time if it stalls."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if not stalls:
        messages[-1]["more_body"] = False

    async def receive():
        if messages:
            return messages.pop(0)
        await asyncio.sleep(60)

    return receive


def read(receive, headers=(), limit=10, seconds=5.0) -> bytes:
    return asyncio.run(read_body({"headers": list(headers)}, receive, limit=limit, seconds=seconds))


def test_a_body_is_read_up_to_its_limit_whatever_it_declares():
    assert read(channel(b"12345", b"67890")) == b"1234567890"
    with pytest.raises(BodyTooLarge):
        read(channel(b"12345", b"67890", b"1", stalls=True))
    with pytest.raises(BodyTooLarge):
        read(channel(b"", stalls=True), headers=[(b"content-length", b"11")])


def test_a_body_that_trickles_in_is_given_up():
    with pytest.raises(BodyTooSlow):
        read(channel(b"1", stalls=True), seconds=0.05)


def test_after_the_body_the_app_hears_of_the_client():
    async def listen() -> list[dict]:
        receive = replay(b"body", channel(b"what comes next"))
        return [await receive(), await receive()]

    first, second = asyncio.run(listen())
    assert (first["body"], first["more_body"]) == (b"body", False)
    assert second["body"] == b"what comes next"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"a": [[[]]]}', None),
        (b"[" * 32 + b"]" * 32, None),
        (b"[" * 33 + b"]" * 33, JsonTooDeep),
        (b"[" * 100_000, JsonTooDeep),
        (b'{"a":' * 33, JsonTooDeep),
        (b"[]" * 1000, None),  # no JSON, but not deep: the parser says what is wrong
        (json.dumps({"a": "[" * 1000}).encode(), None),  # brackets of a text
        (json.dumps({"a": '\\"[' * 1000}).encode(), None),
        (b'{"a": ' + b"9" * 1000 + b"}", None),
        (b'{"a": ' + b"9" * 1001 + b"}", NumberTooLong),
        (b'{"a": "' + b"9" * 5000 + b'"}', None),
        (b'{"a": "' + b"[" * 1000, JsonTooDeep),  # a text that does not end is none
        (("[" * 40).encode("utf-16"), BodyNotJson),
        (("[" * 40).encode("utf-32-le"), BodyNotJson),
        (b'{"a": "\xff"}', BodyNotJson),
    ],
)
def test_json_is_utf8_and_not_deep(body, error):
    if error is None:
        check_json(body)
    else:
        with pytest.raises(error):
            check_json(body)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"question": "' + b"x" * 1_048_576 + b'"}', 413, "body_too_large"),
        (b'{"question": ' + b"[" * 50_000, 422, "invalid_request"),
        ('{"question": "q"}'.encode("utf-16"), 422, "invalid_request"),
        (b'{"question": "q", "max_rows": 10001}', 422, "invalid_request"),
        (b'{"question": "q", "max_rows": ' + b"9" * 5000 + b"}", 422, "invalid_request"),
        (b'{"question": "' + b"x" * 2001 + b'"}', 422, "invalid_request"),
    ],
)
def test_what_is_too_much_never_reaches_the_model(client, model, body, status, code):
    refused = client.post("/v1/sql", content=body, headers=JSON)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert refused.headers["X-Request-ID"]
    assert model.batches == []


def test_a_body_in_chunks_has_the_same_limit(client):
    refused = client.post("/v1/sql", content=(b"x" * 65_536 for _ in range(20)), headers=JSON)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "body_too_large")


def test_headers_have_a_limit(settings, champion):
    with served(settings, champion) as url:
        assert httpx.get(f"{url}/health", headers={"X-Long": "x" * 10_000}).status_code == 200
        try:
            status = httpx.get(f"{url}/health", headers={"X-Long": "x" * 200_000}).status_code
        except httpx.TransportError:
            status = 400  # refused and closed before all of it was sent, so that the answer is lost on the way
        assert status == 400


def test_a_connection_is_closed_when_its_header_does_not_come(settings, champion, model, monkeypatch):
    monkeypatch.setattr(LimitedProtocol, "header_seconds", 0.3)

    def think(questions):
        time.sleep(1)  # longer than a header may take, which has nothing to do with an answer
        return model.generate(questions)

    model.answers["q"] = "SELECT COUNT(*) FROM orders"
    with served(settings, replace(champion, generate=think)) as url:
        address = ("127.0.0.1", urlsplit(url).port)
        with socket.create_connection(address, timeout=60) as silent, socket.create_connection(address) as slow:
            slow.settimeout(60)
            slow.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: ")
            for connection in (silent, slow):
                with suppress(ConnectionResetError):
                    assert connection.recv(1) == b""
        assert httpx.post(f"{url}/v1/sql", json={"question": "q"}, timeout=60).status_code == 200


def test_a_connection_too_many_is_refused_and_those_before_it_go_on(settings, champion, monkeypatch):
    with served(settings, champion) as url, httpx.Client(base_url=url) as first, httpx.Client(base_url=url) as second:
        assert first.get("/health").status_code == 200  # and its connection stays open
        monkeypatch.setattr(LimitedProtocol, "most_connections", 1)
        refused = second.get("/health")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "too_many_connections")
        assert (refused.headers["Retry-After"], refused.headers["Connection"]) == ("2", "close")
        assert first.get("/health").status_code == 200


@pytest.mark.parametrize(
    "chat",
    [
        {"messages": [{"role": "user", "content": "q"}] * 101},
        {"messages": [{"role": "user", "content": "x" * 20_001}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}] * 101}]},
        {"model": "m" * 201},
        {"messages": []},
    ],
)
def test_a_chat_has_limits_too(client, chat):
    body = {"model": "champion", "messages": [{"role": "user", "content": "q"}], **chat}
    assert client.post("/v1/chat/completions", json=body).status_code == 422


def test_rows_are_read_up_to_a_number_of_bytes(settings, champion, model):
    model.answers["q"] = "SELECT status, order_id FROM orders"
    with TestClient(create_app(settings.model_copy(update={"byte_cap": 200}), champion)) as client:
        answer = client.post("/v1/sql", json={"question": "q", "execute": "rows", "max_rows": 1000}).json()
    assert answer["executed"]
    assert 0 < answer["row_count"] < 200
    assert answer["row_count"] == len(answer["rows"])


def test_statements_that_would_wait_too_long_for_the_warehouse_are_refused(shop, settings, champion, monkeypatch):
    """One connection, busy with what waits for a lock; one statement may wait behind it."""
    monkeypatch.setattr("serving.execution._WAITING_PER_CONNECTION", 1)
    slow = settings.model_copy(update={"reader_connections": 1})
    body = {"sql": "SELECT COUNT(*) FROM orders"}
    with (
        served(slow, champion) as url,
        psycopg.connect(shop.admin_dsn) as admin,
        ThreadPoolExecutor(4) as people,
    ):
        admin.execute("lock table shop.orders in access exclusive mode")
        asked = [people.submit(httpx.post, f"{url}/v1/validate", json=body, timeout=60) for _ in range(4)]
        answers = [answer.result() for answer in asked]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert 1 <= len(refused) <= 2
    for answer in refused:
        assert (answer.json()["error"]["code"], answer.headers["Retry-After"]) == ("busy", "2")
    assert {answer.json()["rule"] for answer in answers if answer.status_code == 200} == {"timeout"}


def test_every_route_documents_its_refusals(client):
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/v1/sql", "/v1/chat/completions", "/v1/feedback", "/v1/review"):
        responses = paths[path]["post"]["responses"]
        assert {"401", "403", "408", "413", "422", "429", "503"} <= set(responses), path
        assert "Retry-After" in responses["429"]["headers"]
        assert paths[path]["post"]["security"] == [{"HTTPBearer": []}]
        for status in ("401", "403", "413", "429", "503"):
            assert responses[status]["content"]["application/json"]["schema"]["$ref"].endswith("ErrorResponse")
    assert "401" not in paths["/health"]["get"]["responses"]
