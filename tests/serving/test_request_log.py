"""The request log: a row is durable before its answer, survives an absent warehouse, and counts once."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient

from serving import spool_segment
from serving.app import create_app
from serving.database import Database
from serving.metrics import Metrics
from serving.request_log import RequestLog
from serving.request_rows import RequestRow, decode, encode
from serving.spool import Spool, read_spool_key
from tests.serving.support import SECRET, api_locked_out, wait_until


@pytest.fixture(autouse=True)
def empty_spool(shop) -> Iterator[None]:
    """Nothing of another test waits on disk."""
    shutil.rmtree(shop.home / "spool", ignore_errors=True)
    yield
    shutil.rmtree(shop.home / "spool", ignore_errors=True)


@pytest.fixture
def question(model) -> dict[str, str]:
    model.answers["q"] = "SELECT COUNT(*) FROM orders"
    return {"question": "q", "execute": "rows"}


@pytest.fixture
def full_disk(monkeypatch) -> Iterator[None]:
    """The disk of the spool takes not another byte."""

    def write_nothing(*_arguments) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool_segment.os, "pwrite", write_nothing)
    yield
    monkeypatch.undo()


def a_row(number: int = 0) -> RequestRow:
    return RequestRow(
        request_id=uuid4(), route="/v1/sql", question=f"question {number} of {SECRET}", sql=f"SELECT {number}",
        outcome="ok", is_executed=False, error_class=None, row_count=None, generation_ms=1.5, execution_ms=None,
        latency_ms=2.0, prompt_tokens=1, completion_tokens=1, key_id=None, adapter_id="aaaabbbbcccc", base_model="base",
    )  # fmt: skip


def test_a_row_comes_back_from_its_bytes():
    row = a_row()
    assert decode(encode(row)) == row


def test_answers_and_verdicts_go_on_and_rows_arrive_when_the_warehouse_is_back(shop, client, question, rows, owner):
    assert client.get("/ready").status_code == 200
    with api_locked_out(shop):
        for _ in range(5):
            answer = client.post("/v1/sql", json=question).json()
            assert answer["rows"] == [[2000]]
        verdict = {"request_id": answer["request_id"], "verdict": "right"}
        assert client.post("/v1/feedback", json=verdict).status_code == 201
        not_ready = client.get("/ready")
        assert not_ready.status_code == 503
        assert not_ready.headers["Retry-After"]
        assert client.get("/health").status_code == 200
        metrics = client.get("/metrics").text
        assert "auditune_request_log_depth 6.0" in metrics
        age = next(line for line in metrics.splitlines() if line.startswith("auditune_request_log_age_seconds "))
        assert float(age.split()[1]) > 0
    assert len({row["request_id"] for row in rows(5)}) == 5
    stored = "select request_id::text from raw_serving.feedback"
    assert wait_until(lambda: owner.execute(stored).fetchall()) == [(answer["request_id"],)]
    assert client.get("/ready").status_code == 200


def test_past_the_bound_questions_are_refused_and_each_answer_has_its_row(shop, settings, champion, question, rows):
    small = settings.model_copy(update={"request_log_spool_mib": 10 / 1024})
    with TestClient(create_app(small, champion)) as client:
        with api_locked_out(shop):
            responses = [client.post("/v1/sql", json=question) for _ in range(40)]
            metrics = client.get("/metrics").text
        answered = [response.json()["request_id"] for response in responses if response.status_code == 200]
        refused = [response for response in responses if response.status_code == 503]
        assert len(answered) + len(refused) == 40
        assert {response.json()["error"]["code"] for response in refused} == {"log_full"}
        assert all(int(response.headers["Retry-After"]) > 0 for response in refused)
        assert f'auditune_shed_requests_total{{full="log"}} {len(refused)}.0' in metrics
        assert {str(row["request_id"]) for row in rows(len(answered))} == set(answered)
        wait_until(lambda: client.post("/v1/sql", json=question).status_code == 200)


def test_with_a_full_disk_rows_go_straight_to_the_warehouse(client, question, rows, full_disk):
    answered = [client.post("/v1/sql", json=question).json()["request_id"] for _ in range(3)]
    assert [str(row["request_id"]) for row in rows(3)] == answered


def test_with_neither_disk_nor_warehouse_no_answer_is_given(shop, client, question, owner, full_disk):
    with api_locked_out(shop):
        response = client.post("/v1/sql", json=question)
    assert (response.status_code, response.json()["error"]["code"]) == (503, "log_full")
    assert owner.execute("select count(*) from raw_serving.requests").fetchone() == (0,)


def test_the_row_is_on_disk_before_the_answer_and_the_next_process_writes_it(
    shop, settings, champion, question, rows, tmp_path
):
    """The spool's folder as it is when the answer arrives, which is what a kill -9 at that moment leaves."""
    with TestClient(create_app(settings, champion)) as client:
        with api_locked_out(shop):
            answered = client.post("/v1/sql", json=question).json()["request_id"]
            shutil.copytree(settings.home / "spool", tmp_path / "spool")
        rows(1)
    with psycopg.connect(shop.dsn, autocommit=True) as owner:
        owner.execute("truncate raw_serving.requests, raw_serving.feedback")
    shutil.rmtree(settings.home / "spool")
    shutil.move(tmp_path / "spool", settings.home / "spool")
    with TestClient(create_app(settings, champion)):
        assert str(rows(1)[0]["request_id"]) == answered


def test_a_row_that_is_written_twice_counts_once(settings, champion, question, rows, tmp_path, shop):
    with TestClient(create_app(settings, champion)) as client:
        with api_locked_out(shop):
            for _ in range(3):
                client.post("/v1/sql", json=question)
            shutil.copytree(settings.home / "spool", tmp_path / "spool")
        rows(3)
    for name in os.listdir(tmp_path / "spool"):
        shutil.copy(tmp_path / "spool" / name, settings.home / "spool" / name)
    with TestClient(create_app(settings, champion)) as client:
        client.post("/v1/sql", json=question)
        wait_until(lambda: "auditune_request_log_depth 0.0" in client.get("/metrics").text)
        assert 'rows_total{state="written"} 1.0' in client.get("/metrics").text
    rows(4)


def test_stopping_writes_what_waits(settings, champion, question, rows):
    with TestClient(create_app(settings, champion)) as client:
        for _ in range(20):
            client.post("/v1/sql", json=question)
    rows(20)
    assert list((settings.home / "spool").iterdir()) == []


def test_rows_that_arrive_together_share_a_sync_of_the_disk(settings, monkeypatch, shop):
    syncs = []
    real = os.fdatasync
    monkeypatch.setattr(spool_segment.os, "fdatasync", lambda descriptor: (syncs.append(1), real(descriptor)))

    async def add_many(log: RequestLog) -> None:
        await asyncio.gather(*(log.add(a_row(number)) for number in range(100)))
        assert await log.flush(20)

    spool = Spool(settings.home / "spool", read_spool_key(settings.home), limit_bytes=2**20)
    with Database(settings.api_dsn).pool as pool:
        log = RequestLog(pool, Metrics(), spool)
        asyncio.run(add_many(log))
        log.close()
    assert len(syncs) <= 3


def test_a_function_that_dbt_is_replacing_only_delays_rows(shop, client, question, rows, owner):
    owner.execute("alter function privacy.keyed_hash(text) rename to keyed_hash_gone")
    try:
        client.post("/v1/sql", json=question)
        client.post("/v1/sql", json=question)
        assert owner.execute("select count(*) from raw_serving.requests").fetchone() == (0,)
    finally:
        owner.execute("alter function privacy.keyed_hash_gone(text) rename to keyed_hash")
    rows(2)


def test_lost_reader_connections_are_replaced(shop, client, question):
    assert client.post("/v1/sql", json=question).json()["executed"]
    with psycopg.connect(shop.admin_dsn, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'auditune_reader'")
    wait_until(lambda: client.post("/v1/sql", json=question).json()["executed"])
