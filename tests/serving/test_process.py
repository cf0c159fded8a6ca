"""`python -m serving` as a process: starts on a released adapter, answers over HTTP, stops on SIGTERM."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.serving.support import free_port, wait_until

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def process(adapter_id, shop, fresh_environment):
    port = free_port()
    environment = {
        **fresh_environment,
        **shop.environment(),
        "AUDITUNE_API_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "serving"], cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True
    )
    running.url = f"http://127.0.0.1:{port}"
    yield running
    running.kill()
    running.wait()


def is_ready(process) -> bool:
    assert process.poll() is None, process.stderr.read()
    try:
        return httpx.get(f"{process.url}/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_start_ask_stop(process, rows):
    wait_until(lambda: is_ready(process), seconds=180)
    asked = httpx.post(f"{process.url}/v1/sql", json={"question": "What did Ada Lovelace order?"}, timeout=30)
    assert asked.status_code == 200
    rows(1)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    lines = process.stderr.read().splitlines()
    for line in lines:
        assert "Lovelace" not in line
    assert any(json.loads(line)["event"] == "champion loaded" for line in lines)
