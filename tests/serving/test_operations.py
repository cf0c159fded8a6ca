"""Health, readiness, version, metrics, the OpenAPI page, and errors outside every route."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

from fastapi.testclient import TestClient
from psycopg.conninfo import make_conninfo

from serving import VERSION
from serving.answer import _MESSAGES
from serving.app import create_app
from serving.version import read_commit
from tests.serving.support import SECRET, Generated

REPOSITORY = Path(__file__).parents[2]


def test_health_ready_version(client):
    assert client.get("/health").status_code == 200
    assert client.get("/ready").json() == {"status": "ready", "adapter_id": "aaaabbbbcccc"}
    answer = client.get("/version").json()
    assert answer.pop("commit") == read_commit()
    assert answer == {"version": VERSION, "adapter_id": "aaaabbbbcccc", "base_model": "models/base.gguf"}


def test_an_api_whose_reader_is_not_let_in_is_not_ready(settings, champion):
    refused = make_conninfo(settings.reader_dsn, password="another")
    with TestClient(create_app(settings.model_copy(update={"reader_dsn": refused}), champion)) as client:
        answer = client.get("/ready")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database_unavailable")


def test_the_commit_is_that_of_the_clone():
    commit = read_commit()
    if (REPOSITORY / ".git").exists():
        assert re.fullmatch(r"[0-9a-f]{40}", commit)
    else:
        assert commit is None


def test_the_version_is_the_projects():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_metrics_count_by_outcome_and_stage(client, ask):
    ask("SELECT COUNT(*) FROM orders", execute="rows")
    ask("DROP TABLE orders")
    metrics = client.get("/metrics").text
    assert 'auditune_answers_total{outcome="ok",route="/v1/sql"} 1.0' in metrics
    assert 'auditune_answers_total{outcome="blocked",route="/v1/sql"} 1.0' in metrics
    assert 'auditune_stage_seconds_count{stage="execution"} 1.0' in metrics
    assert 'auditune_stage_seconds_count{stage="generation"} 2.0' in metrics
    assert 'auditune_tokens_total{kind="completion"} 40.0' in metrics
    assert 'auditune_tokens_total{kind="forced"} 10.0' in metrics
    assert "auditune_prefix_cache_hits_total 2.0" in metrics
    assert "auditune_grammar_rejections_total 0.0" in metrics
    assert 'auditune_http_requests_total{route="/v1/sql",status="200"} 2.0' in metrics
    assert 'auditune_stage_seconds_count{stage="log"} 2.0' in metrics
    assert "auditune_engine_queue_depth 0.0" in metrics


def test_answers_drawn_again_are_counted(settings, champion):
    drawn = Generated("SELECT COUNT(*) FROM orders", drafts=("SELECT nonsense FROM orders",))
    champion = replace(champion, generate=lambda questions: [drawn for _ in questions])
    with TestClient(create_app(settings, champion)) as client:
        client.post("/v1/sql", json={"question": "How many orders?"})
        assert "auditune_grammar_rejections_total 1.0" in client.get("/metrics").text


def test_no_label_holds_what_a_caller_wrote(client, ask):
    ask("SELECT COUNT(*) FROM orders", question=f"orders of {SECRET}?")
    client.get(f"/v1/{SECRET}")
    client.post("/v1/chat/completions", json={"model": SECRET, "messages": [{"role": "user", "content": SECRET}]})
    known = {
        "route": {*client.get("/openapi.json").json()["paths"], "/openapi.json", "unknown"},
        "outcome": {"ok", *_MESSAGES},
        "stage": {"generation", "guard", "execution", "total", "log"},
        "kind": {"prompt", "completion", "forced", "guessed"},
        "state": {"written", "without_text", "refused", "damaged"},
        "full": {"engine", "log"},
    }
    labels = re.findall(r'(\w+)="([^"]*)"', client.get("/metrics").text)
    for name, value in labels:
        assert name in ("le", "status") or value in known[name], (name, value)
    assert {"route", "outcome", "stage"} <= {name for name, _ in labels}


def test_unknown_paths_and_methods_have_the_one_shape(client):
    for response, status in ((client.get("/nothing/here"), 404), (client.get("/v1/sql"), 405)):
        assert response.status_code == status
        assert set(response.json()["error"]) == {"message", "type", "code"}
        assert response.headers["X-Request-ID"]
    assert "nothing" not in client.get("/metrics").text


def test_request_ids_are_ours(client, ask):
    response = client.get("/version", headers={"X-Request-ID": "chosen by the caller"})
    assert "chosen" not in response.headers["X-Request-ID"]


def test_the_openapi_page_documents_routes_and_errors(client):
    document = client.get("/openapi.json").json()
    assert {"/v1/sql", "/v1/chat/completions", "/v1/models", "/v1/feedback", "/health", "/ready", "/metrics"} <= set(
        document["paths"]
    )
    responses = document["paths"]["/v1/sql"]["post"]["responses"]
    assert responses["422"]["content"]["application/json"]["schema"]["$ref"].endswith("ErrorResponse")
    assert "503" in responses
