"""Health, readiness, version, metrics, the OpenAPI page, and errors outside every route."""

import tomllib
from pathlib import Path

from serving import VERSION


def test_health_ready_version(client):
    assert client.get("/health").status_code == 200
    assert client.get("/ready").json() == {"status": "ready", "adapter_id": "aaaabbbbcccc"}
    expected = {"version": VERSION, "adapter_id": "aaaabbbbcccc", "base_model": "models/base.gguf"}
    assert client.get("/version").json() == expected


def test_the_version_is_the_projects():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
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
    assert "auditune_engine_queue_depth 0.0" in metrics


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
