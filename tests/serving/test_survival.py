"""The API under twice the load it can bear, and kill -9 of the API and of PostgreSQL meanwhile; real processes.

Whatever happens, each answer that a caller got has exactly one row, which holds that question and that SQL. The kill of
an engine server is in test_adapter_changes.py.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from dagster_project.embedded import server as embedded
from dagster_project.embedded.placement import cluster_link
from dagster_project.embedded.process import read_postmaster
from dagster_project.warehouse.settings import Warehouse
from serving.benchmarks.load import wait_for_health
from serving.benchmarks.offer import Offered, offer, reconcile
from tests.conftest import _fresh_warehouse
from tests.embedded_settings import embedded_settings
from tests.serving.support import create_shop, free_port, wait_until

REPOSITORY = Path(__file__).parents[2]


class StubApi:
    """The API around a model of fixed capacity, as a process that can be killed and started again."""

    def __init__(self, environment: dict[str, str], capacity: int):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [sys.executable, "-m", "serving.benchmarks.stub_capacity", str(capacity)]
        self._environment = {**environment, "AUDITUNE_API_PORT": str(self.port)}
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, cwd=REPOSITORY, env=self._environment, stderr=subprocess.DEVNULL)
        wait_for_health(self.process, self.url)

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait()


@pytest.fixture
def start_api(fresh_environment) -> Iterator[Callable[..., StubApi]]:
    started: list[StubApi] = []

    def start(warehouse: Warehouse, capacity: int) -> StubApi:
        started.append(StubApi({**fresh_environment, **warehouse.environment()}, capacity))
        return started[-1]

    yield start
    for api in started:
        api.end(signal.SIGKILL)


class Load:
    """Questions at a fixed rate from a thread of its own."""

    def __init__(self, url: str, *, per_second: float, seconds: float):
        self.offered = Offered()
        self._thread = threading.Thread(target=self._run, args=(url, per_second, seconds))
        self._thread.start()

    def _run(self, url: str, per_second: float, seconds: float) -> None:
        asyncio.run(offer(url, per_second=per_second, seconds=seconds, into=self.offered))

    def join(self) -> Offered:
        self._thread.join()
        return self.offered

    def wait_for_answers(self, more: int) -> None:
        """Wait until so many more questions are answered."""
        goal = len(self.offered.answered) + more
        wait_until(lambda: len(self.offered.answered) >= goal, seconds=120)


def assert_each_answer_has_its_row(dsn: str, offered: Offered) -> None:
    assert offered.answered
    assert offered.mispaired == 0
    with psycopg.connect(dsn, autocommit=True) as conn:
        wait_until(lambda: reconcile(conn, offered.answered).lost == 0, seconds=120)
        assert reconcile(conn, offered.answered).mispaired == 0


def test_overload_and_kill_of_the_api(shop, start_api):
    api = start_api(shop, capacity=40)
    load = Load(api.url, per_second=80, seconds=2)
    load.wait_for_answers(20)
    api.end(signal.SIGKILL)
    api.start()
    offered = load.join()
    late = asyncio.run(offer(api.url, per_second=20, seconds=0.5))
    assert_each_answer_has_its_row(shop.dsn, offered)
    assert_each_answer_has_its_row(shop.dsn, late)
    assert set(offered.statuses) <= {"no answer", "503 busy"}  # no 5xx of another kind


def test_a_stopping_api_leaves_nothing_behind(shop, start_api):
    api = start_api(shop, capacity=200)
    offered = asyncio.run(offer(api.url, per_second=50, seconds=0.5))
    api.end(signal.SIGTERM)
    assert_each_answer_has_its_row(shop.dsn, offered)
    assert list((shop.home / "spool").glob("*.spool")) == []


@pytest.mark.slow
def test_a_minute_at_twice_the_capacity(shop, fresh_environment, tmp_path):
    report = tmp_path / "load.json"
    command = [sys.executable, "-m", "serving.benchmarks.load", "--seconds", "60", "--capacity", "10", "--out", report]
    environment = {**fresh_environment, **shop.environment(), "AUDITUNE_API_PORT": str(free_port())}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(report.read_text())
    assert (result["rows_lost"], result["rows_mispaired"], result["answers_mispaired"]) == (0, 0, 0)
    assert result["answered"] > 0
    assert set(result["others"]) == {"503 busy"}
    assert result["memory_highest_mib"] - result["memory_before_mib"] < 100


@pytest.mark.slow
def test_kills_of_postgresql_and_of_the_api_under_load(guarded_home, start_api):
    """PostgreSQL is killed in part (it recovers by itself) and whole (it is started again, as systemd would)."""
    settings = embedded_settings(guarded_home, is_durable=True)
    server = embedded.start(settings)
    with _fresh_warehouse(server, guarded_home) as warehouse:
        create_shop(warehouse)
        api = start_api(warehouse, capacity=10)
        load = Load(api.url, per_second=20, seconds=60)

        load.wait_for_answers(30)
        with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
            query = "select pid from pg_stat_activity where usename = 'auditune_api' limit 1"
            (backend,) = wait_until(lambda: admin.execute(query).fetchone())
        os.kill(backend, signal.SIGKILL)

        load.wait_for_answers(30)
        postmaster = read_postmaster(cluster_link(guarded_home).resolve())
        os.kill(postmaster.pid, signal.SIGKILL)
        load.wait_for_answers(30)  # it answers without the warehouse
        time.sleep(2)  # its other processes notice, and end
        embedded.start(settings)

        load.wait_for_answers(30)
        api.end(signal.SIGKILL)
        api.start()

        offered = load.join()
        assert_each_answer_has_its_row(warehouse.dsn, offered)
        assert set(offered.statuses) <= {"no answer", "503 busy"}
