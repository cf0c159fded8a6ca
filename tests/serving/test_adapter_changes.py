"""The API with engine servers, as processes: adapters change under load, servers die, statements run once."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest
from fastapi.testclient import TestClient

from serving.app import create_app
from serving.engines.servers import EngineServers
from serving.settings import Settings
from tests.serving.engine_processes import REPOSITORY, url
from tests.serving.stand_in_adapter import promote, release_stand_in
from tests.serving.support import SECRET, free_port, wait_until
from training.registry import CHALLENGER

QUESTION = "How many orders?"
SHAPE = {"message", "type", "code"}


@pytest.fixture
def release(owner, shop, tmp_path, catalog) -> Callable[..., str]:
    """Releases an adapter into an empty registry."""
    owner.execute("truncate raw_training.adapters, raw_training.adapter_aliases, raw_serving.adapter_events")
    return lambda name, **more: release_stand_in(owner, shop.home, tmp_path / name, catalog, run_id=name, **more)


@pytest.fixture
def with_servers(settings: Settings, ports: list[int], tmp_path: Path) -> Settings:
    """The API's settings with those replicas, and eager to see an alias move."""
    return settings.model_copy(
        update={
            "engine_urls": tuple(url(port) for port in ports),
            "engine_adapter_dir": tmp_path / "in-memory",
            "champion_poll_seconds": 0.1,
        }
    )


def start(settings: Settings) -> TestClient:
    servers = EngineServers(settings)
    return TestClient(create_app(settings, servers.open_champion(), servers))


def ask(client, question: str = QUESTION, **body):
    return client.post("/v1/sql", json={"question": question, **body})


def alerts(owner: psycopg.Connection) -> list[str]:
    return [
        reason for (reason,) in owner.execute("select reason from raw_serving.adapter_events where event = 'refused'")
    ]


def test_a_champion_changes_while_questions_are_answered(with_servers, processes, ports, release, owner, rows):
    old, new, unfit = release("old"), release("new"), release("unfit", rank=64)
    promote(owner, old)
    counts = {old: "select count(*) from orders", new: "select count(*) from customers"}
    modules = {adapter_id: {QUESTION: [f" {sql}"]} for adapter_id, sql in counts.items()}
    processes.say({"How many rows are there?": [" select count(*) from orders"]}, modules=modules, delay_seconds=0.05)
    answers, is_over = [], threading.Event()

    def keep_asking(client: TestClient) -> None:
        while not is_over.is_set():
            answers.append(ask(client))

    with start(with_servers) as client, ThreadPoolExecutor(4) as threads:
        assert (with_servers.engine_adapter_dir / old).is_dir()
        assert with_servers.engine_adapter_dir.stat().st_mode & 0o777 == 0o700
        asking = [threads.submit(keep_asking, client) for _ in range(4)]
        wait_until(lambda: len(answers) > 8, 60)
        promote(owner, unfit)
        wait_until(lambda: alerts(owner), 60)
        promote(owner, new)
        wait_until(lambda: answers[-1].json()["adapter_id"] == new, 60)
        seen = len(answers)
        wait_until(lambda: len(answers) > seen + 8, 60)
        is_over.set()
        for future in asking:
            future.result()
        assert {model["id"] for model in client.get("/v1/models").json()["data"]} == {"champion", new}
        wait_until(lambda: not (with_servers.engine_adapter_dir / old).exists(), 60)
        served = httpx.get(f"{url(ports[0])}/v1/models").json()["data"]
        assert {model["id"] for model in served} & {old, new, unfit} == {new}

    assert {answer.status_code for answer in answers} == {200}
    bodies = [answer.json() for answer in answers]
    assert all(body["sql"] == counts[body["adapter_id"]] for body in bodies)  # each by the adapter it names
    names = [body["adapter_id"] for body in sorted(bodies, key=lambda body: body["request_id"])]
    assert set(names) == {old, new}
    assert "could not load adapter" in alerts(owner)[0]
    assert {row["adapter_id"] for row in rows(len(answers))} == {old, new}


def test_a_share_of_the_requests_goes_to_the_challenger_and_its_rows_say_so(
    with_servers, processes, release, owner, rows
):
    old, new = release("old"), release("new")
    promote(owner, old)
    promote(owner, new, CHALLENGER)
    processes.say({QUESTION: [" select count(*) from orders"], "How many rows are there?": [" select 1"]})
    with start(with_servers.model_copy(update={"canary": 0.5})) as client:
        wait_until(lambda: len(client.get("/v1/models").json()["data"]) == 4, 60)
        answers = [ask(client).json()["adapter_id"] for _ in range(24)]
        chat = {"model": CHALLENGER, "messages": [{"role": "user", "content": QUESTION}]}
        assert client.post("/v1/chat/completions", json=chat).json()["model"] == new
    assert set(answers) == {old, new}
    assert [row["adapter_id"] for row in rows(25)][:24] == answers


def test_a_killed_server_in_the_middle_of_a_question_makes_no_statement_run_twice(
    with_servers, processes, ports, release, owner, shop
):
    only = release("only")
    promote(owner, only)
    with psycopg.connect(shop.admin_dsn, autocommit=True) as admin:
        admin.execute("create extension if not exists pg_stat_statements")
        runs = "select coalesce(sum(calls), 0) from pg_stat_statements where query ~ %s and query !~* 'explain'"
        (runs_before,) = admin.execute(runs, ["total from orders"]).fetchone()
        questions = {f"order {n}?": [f" select total from orders where order_id = {n}"] for n in range(1, 7)}
        processes.say(questions, delay_seconds=1.0)
        before = len(processes.requests())
        with start(with_servers) as client, ThreadPoolExecutor(6) as threads:
            replicas = client.app.state.service.source.replicas
            wait_until(lambda: replicas.well() == 2, 60)
            asked = [threads.submit(ask, client, question, execute="rows") for question in questions]
            wait_until(lambda: len(processes.requests()) >= before + 6, 60)
            processes.kill(ports[0])
            answers = [future.result() for future in asked]
            assert [answer.json()["rows"] for answer in answers] == [[[n + 0.5]] for n in range(1, 7)]
            processes.start(port=ports[0])  # without the adapter, as after any restart
            wait_until(lambda: replicas.well() == 2, 60)
        models = httpx.get(f"{url(ports[0])}/v1/models").json()["data"]
        generated = [request["port"] for request in processes.requests()[before:]]
        (runs_after,) = admin.execute(runs, ["total from orders"]).fetchone()
    assert only in {model["id"] for model in models}
    assert generated.count(ports[0]) == 3
    assert generated.count(ports[1]) == 6  # its own three, and those of the killed one again
    assert runs_after - runs_before == 6


@pytest.mark.slow
def test_the_api_outlives_its_engine_server_and_recovers_by_itself(
    with_servers, processes, ports, release, owner, fresh_environment, rows, tmp_path
):
    promote(owner, release("only"))
    question = f"What did {SECRET} order?"
    processes.say({question: [" select count(*) from orders"]}, delay_seconds=0.3)
    port, engine_port = free_port(), ports[0]
    environment = {
        **fresh_environment,
        "AUDITUNE_HOME": str(with_servers.home),
        "AUDITUNE_API_PORT": str(port),
        "AUDITUNE_ENGINE_URLS": url(engine_port),
        "AUDITUNE_ENGINE_ADAPTER_DIR": str(with_servers.engine_adapter_dir),
    }
    log = tmp_path / "api.log"
    with log.open("w") as stderr:
        api = subprocess.Popen([sys.executable, "-m", "serving"], cwd=REPOSITORY, env=environment, stderr=stderr)

    def is_ready() -> bool:
        assert api.poll() is None, log.read_text()
        try:
            return client.get("/ready").status_code == 200
        except httpx.TransportError:
            return False

    try:
        with httpx.Client(base_url=url(port), timeout=60) as client, ThreadPoolExecutor(8) as threads:
            wait_until(is_ready, 120)
            asked = [threads.submit(ask, client, question) for _ in range(8)]
            wait_until(lambda: any(future.done() for future in asked), 60)
            asked += [threads.submit(ask, client, question) for _ in range(8)]
            processes.kill(engine_port)
            answers = [future.result() for future in asked] + [ask(client, question)]
            assert {answer.status_code for answer in answers} == {200, 503}
            refused = [answer for answer in answers if answer.status_code == 503]
            assert all(set(answer.json()["error"]) == SHAPE for answer in refused)
            assert all(answer.headers["Retry-After"] for answer in refused)
            assert client.get("/health").status_code == 200
            assert client.get("/ready").json()["error"]["code"] == "model_unavailable"
            processes.start(port=engine_port)
            wait_until(is_ready, 60)
            assert ask(client, question).json()["sql"] == "select count(*) from orders"
        logged = rows(len(answers) + 1)
        assert sum(row["error_class"] == "generation" for row in logged) == len(refused)
        assert "engine server left out" in log.read_text()
        assert SECRET not in log.read_text()
    finally:
        api.kill()
        api.wait()
