"""Bearer keys: made on the command line, hashed at rest, let in by scope and rate, out within seconds when revoked."""

import base64

import openai
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from serving.access.rate_limit import TokenBucket
from serving.app import create_app
from serving.settings import Settings
from tests.serving.support import api_locked_out, served, wait_until

SQL = "SELECT COUNT(*) FROM orders"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def question(model) -> dict[str, str]:
    model.answers["q"] = SQL
    return {"question": "q"}


def test_without_any_key_everybody_who_is_near_may_ask(client, keys, question):
    assert client.post("/v1/sql", json=question).status_code == 200
    # many clients send some key because they must
    assert client.post("/v1/sql", json=question, headers=bearer("sk-anything")).status_code == 200


def test_the_first_key_closes_the_api(client, make_key, question):
    token = make_key()
    for headers in ({}, bearer("sk-anything"), bearer(token[:-1]), bearer(token + "x"), {"Authorization": token}):
        refused = client.post("/v1/sql", json=question, headers=headers)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == 'Bearer realm="auditune"'
        assert set(refused.json()["error"]) == {"message", "type", "code"}
    assert client.post("/v1/sql", json=question, headers=bearer(token)).status_code == 200
    for path in ("/health", "/ready", "/version", "/metrics", "/openapi.json"):
        assert client.get(path).status_code == 200
    for path in ("/", "/review", "/v1/models", "/no/such/path", "/health/", "//health"):
        assert client.get(path).status_code == 401, path


def test_the_key_is_hashed_at_rest_and_its_id_stands_in_the_request_row(
    api_log, client, make_key, question, owner, rows
):
    token = make_key()
    client.post("/v1/sql", json=question, headers=bearer(token))
    key_id, secret = token.split("_", 2)[1:]
    assert rows(1)[0]["key_id"] == key_id
    (stored,) = owner.execute("select string_agg(k::text, '') from raw_serving.api_keys as k").fetchone()
    assert key_id in stored
    assert secret not in stored + api_log() + client.get("/metrics").text
    assert len(secret) >= 43  # 256 bits in base64


@pytest.mark.parametrize(
    ("method", "path", "body", "scope"),
    [
        ("POST", "/v1/sql", {"question": "q"}, "ask"),
        ("POST", "/v1/chat/completions", {"model": "champion", "messages": [{"role": "user", "content": "q"}]}, "ask"),
        ("GET", "/v1/models", None, "ask"),
        ("POST", "/v1/feedback", {"request_id": "00000000-0000-4000-8000-000000000000", "verdict": "right"}, "ask"),
        ("GET", "/v1/review", None, "review"),
        ("GET", "/review", None, "review"),
    ],
)
def test_each_route_needs_its_scope(client, make_key, question, method, path, body, scope):
    others = ",".join({"ask", "run", "review"} - {scope})
    refused = client.request(method, path, json=body, headers=bearer(make_key(others)))
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "missing_scope")
    assert scope in refused.json()["error"]["message"]
    let_in = client.request(method, path, json=body, headers=bearer(make_key(scope)))
    assert let_in.status_code not in (401, 403)


def test_rows_need_the_scope_run_too(client, make_key, question):
    asked = {**question, "execute": "rows"}
    assert client.post("/v1/sql", json=asked, headers=bearer(make_key("ask"))).status_code == 403
    assert client.post("/v1/sql", json=asked, headers=bearer(make_key("ask,run"))).json()["rows"] == [[2000]]


def test_a_rate_is_each_keys_own(client, make_key, question):
    slow, other = make_key("ask", "--rate-limit", "2/minute"), make_key("ask", "--rate-limit", "2/minute")
    statuses = [client.post("/v1/sql", json=question, headers=bearer(slow)).status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    refused = client.get("/v1/models", headers=bearer(slow))
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert client.get("/v1/models", headers=bearer(other)).status_code == 200


def test_a_bucket_fills_again_evenly_and_never_over_its_brim():
    bucket = TokenBucket(60, now=0.0)
    assert [bucket.take(0.0) for _ in range(60)] == [0.0] * 60
    assert bucket.take(0.0) == pytest.approx(1.0)
    assert bucket.take(0.5) == pytest.approx(0.5)
    assert bucket.take(1.0) == 0.0
    assert [bucket.take(10_000.0) > 0 for _ in range(61)] == [False] * 60 + [True]


def test_a_revoked_key_is_out_within_seconds_and_the_api_stays_closed(client, make_key, keys, question):
    token = make_key()
    assert client.get("/v1/models", headers=bearer(token)).status_code == 200
    assert keys("revoke", token.split("_")[1])[0] == 0
    wait_until(lambda: client.get("/v1/models", headers=bearer(token)).status_code == 401, seconds=30)
    assert client.get("/v1/models").status_code == 401


def test_without_the_database_known_keys_go_on_and_nobody_else_is_let_in(client, make_key, keys, shop, question):
    token = make_key()
    with api_locked_out(shop):
        client.app.state.service.key_ring.refresh()
        assert client.post("/v1/sql", json=question, headers=bearer(token)).status_code == 200
        assert client.post("/v1/sql", json=question).status_code == 401
        created = keys("create", "--name", "bob", "--scopes", "ask")[1].strip()  # the API cannot know it
        unknown = client.post("/v1/sql", json=question, headers=bearer(created))
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (503, "keys_unavailable")
        assert unknown.headers["Retry-After"] == "2"
    # back again, by itself
    wait_until(lambda: client.post("/v1/sql", json=question, headers=bearer(created)).status_code == 200, seconds=30)


def test_an_api_that_has_never_read_the_keys_lets_nobody_in(settings, champion, shop, question):
    with api_locked_out(shop), TestClient(create_app(settings, champion)) as client:
        for headers in ({}, bearer("sk-anything")):
            assert client.post("/v1/sql", json=question, headers=headers).status_code == 503
        assert client.get("/health").status_code == 200


def test_a_key_of_the_process_itself_closes_the_api_too(settings, champion, keys, question):
    own = settings.model_copy(update={"api_key": SecretStr("k" * 43)})
    with TestClient(create_app(own, champion)) as client:
        assert client.post("/v1/sql", json=question).status_code == 401
        assert client.post("/v1/sql", json=question, headers=bearer("k" * 43)).status_code == 200


@pytest.mark.parametrize(
    ("values", "is_required"),
    [
        ({}, False),
        ({"api_host": "::1"}, False),
        ({"api_host": "localhost"}, False),
        ({"api_host": "0.0.0.0"}, True),  # other machines can reach it
        ({"api_host": "0.0.0.0", "require_keys": False}, False),  # and somebody wants that
        ({"trusted_proxies": "127.0.0.1/32"}, True),
        ({"require_keys": True}, True),
    ],
)
def test_keys_are_required_where_other_machines_can_reach_the_api(values, is_required):
    settings = Settings(api_dsn="postgresql://a@b/c", reader_dsn="postgresql://a@b/c", **values)
    assert settings.are_keys_required is is_required


def test_a_key_may_come_as_a_password_but_not_from_another_sites_page(client, make_key):
    password = base64.b64encode(f"ann:{make_key('ask,review')}".encode()).decode()
    basic = {"Authorization": f"Basic {password}"}
    assert client.get("/v1/models", headers=basic).status_code == 200
    body = {"request_id": "00000000-0000-4000-8000-000000000000", "verdict": "right"}
    for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}, {"Origin": "null"}):
        refused = client.post("/v1/feedback", json=body, headers={**basic, **foreign})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "foreign_form")
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
    assert client.post("/v1/feedback", json=body, headers={**basic, **own}).status_code == 404
    for broken in ("Basic !", "Basic", "Basic " + base64.b64encode(b"\xff\xfe").decode()):
        assert client.get("/v1/models", headers={"Authorization": broken}).status_code == 401


def test_openais_client_brings_its_key(settings, champion, keys, question):
    token = keys("create", "--name", "ann", "--scopes", "ask")[1].strip()
    with served(settings, champion) as url:
        chat = {"model": "champion", "messages": [{"role": "user", "content": "q"}]}
        with openai.OpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0) as theirs:
            answer = theirs.chat.completions.create(**chat)
            assert answer.choices[0].message.content == "select count(*) from orders"
        with (
            openai.OpenAI(base_url=f"{url}/v1", api_key="sk-wrong", max_retries=0) as wrong,
            pytest.raises(openai.AuthenticationError) as refusal,
        ):
            wrong.chat.completions.create(**chat)
        assert refusal.value.code == "invalid_api_key"


def test_keys_are_listed_without_what_opens(keys):
    status, out, err = keys("create", "--name", "ann", "--scopes", "ask,run", "--rate-limit", "30/minute")
    assert (status, "shown this once" in err) == (0, True)
    token = out.strip()
    keys("revoke", token.split("_")[1])
    _, listed, _ = keys("list")
    assert "ask,run  30/minute  -" in listed
    assert "revoked 20" in listed
    assert token.split("_", 2)[2] not in listed


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["create", "--name", "ann", "--scopes", "all"], 2, "ask, run, review"),
        (["create", "--name", "ann", "--scopes", "ask", "--rate-limit", "fast"], 2, "60/minute"),
        (["create", "--name", "a\nb", "--scopes", "ask"], 2, "one line"),
        (["revoke", "nosuchkey"], 1, "No key has that id"),
    ],
)
def test_a_wrong_command_says_what_to_do(keys, arguments, status, word):
    done, out, err = keys(*arguments)
    assert (done, out) == (status, "")
    assert word in err
    assert "Traceback" not in err
