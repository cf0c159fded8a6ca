"""A short-lived API process that an asset asks questions. Called by the asset `serving/held_out_answers`."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from dagster_project.embedded.settings import REPOSITORY

_START_TIMEOUT_S = 180
_STOP_TIMEOUT_S = 30
# Whatever the user's own API needs, this one is reached over plain HTTP from this machine alone.
_ON_THE_LOOPBACK = {
    "AUDITUNE_API_HOST": "127.0.0.1",
    "AUDITUNE_ALLOWED_NETWORKS": "127.0.0.0/8",
    "AUDITUNE_TRUSTED_PROXIES": "",
    "AUDITUNE_TLS_CERT": "",
    "AUDITUNE_TLS_KEY": "",
}


@contextmanager
def running_api(environment: Mapping[str, str]) -> Iterator[httpx.Client]:
    """Starts `python -m serving` on a free port of the loopback, waits until it is ready, and stops it at the end.

    Args:
        environment: the warehouse's variables, on top of this process's own.

    Yields:
        A client with the API's base address and a key of its own, which opens this process alone.

    Raises:
        RuntimeError: it ended or was not ready in time; the message is its own last line.
    """
    port = _free_port()
    key = secrets.token_urlsafe(32)
    own = {"AUDITUNE_API_PORT": str(port), "AUDITUNE_API_KEY": key}
    variables = {**os.environ, **environment, **_ON_THE_LOOPBACK, **own}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving"], env=variables, cwd=REPOSITORY, stdout=output, stderr=output
        )
        try:
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120) as client:
                _wait_until_ready(client, process, output)
                yield client
        finally:
            process.terminate()
            try:
                process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen, output) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            output.seek(0)
            lines = output.read().decode(errors="replace").strip().splitlines()
            raise RuntimeError(f"The API ended with status {process.returncode}: {lines[-1] if lines else 'no output'}")
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.3)
    raise RuntimeError(f"The API was not ready within {_START_TIMEOUT_S} s.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
