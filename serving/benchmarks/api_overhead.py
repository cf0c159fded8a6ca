"""Latency and throughput of the API itself, over HTTP, around a model that takes no time."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from serving.benchmarks.stub_api import KEY
from serving.benchmarks.timing import percentile
from serving.startup import bind
from training.errors import TrainingFailed

_START_SECONDS = 120
_CLIENTS = 16


def measure_overhead(dataset: Path, questions: Sequence[str], requests: int) -> dict[str, float]:
    """Asks by one client for the latency, then by sixteen for the throughput.

    Args:
        dataset: Folder whose pairs are the answers.
        questions: Asked in turn; at least one.
        requests: How many in each part.

    Returns:
        Milliseconds of one client, requests a second of sixteen.
    """
    with _stub_api(dataset) as port:
        asyncio.run(_load(port, questions, len(questions), 1))  # each statement is judged once
        alone, _ = asyncio.run(_load(port, questions, requests, 1))
        _, wall = asyncio.run(_load(port, questions, requests, _CLIENTS))
    return {
        "p50_ms": round(percentile(alone, 50) * 1000, 2),
        "p95_ms": round(percentile(alone, 95) * 1000, 2),
        "requests_per_second": round(requests / wall),
    }


@contextmanager
def _stub_api(dataset: Path) -> Iterator[int]:
    with bind("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "serving.benchmarks.stub_api", str(port), str(dataset)])
    try:
        asyncio.run(_wait(process, port))
        yield port
    finally:
        process.terminate()
        process.wait()


async def _wait(process: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise TrainingFailed("The API with a stub model did not start; its output says why.") from error
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


async def _load(port: int, questions: Sequence[str], requests: int, clients: int) -> tuple[list[float], float]:
    """Sends requests over kept connections; a client of our own, for a library's would take longer than the API."""
    bodies = iter([json.dumps({"question": questions[n % len(questions)]}).encode() for n in range(requests)])
    seconds: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body in bodies:
            began = time.perf_counter()
            writer.write(_HEAD % (len(body), body))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200"):
                raise TrainingFailed(f"The API with a stub model answered {head.split(b' ')[1].decode()}: {answer!r}")
            seconds.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return seconds, time.perf_counter() - began


_HEAD = (
    b"POST /v1/sql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
)
