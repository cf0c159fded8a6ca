"""Offers the API twice what its model can answer, and says what became of each question; the last line is JSON.

Run as: `python -m serving.benchmarks.load [--seconds 60] [--capacity 100] [--out FILE]`, with AUDITUNE_HOME naming a
warehouse that is no business's: the questions stay in its request log, as those of the adapter `load-test`. The model
is a stub of that capacity; the API, its process and the warehouse are real.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from serving.benchmarks.offer import Offered, offer, reconcile
from serving.settings import Settings
from training.benchmarks.hardware import hardware

_START_SECONDS = 120
_SETTLE_SECONDS = 120


def main(arguments: list[str]) -> int:
    """Measure.

    Args:
        arguments: Without the program's name.

    Returns:
        The exit status: 0 where no row is lost and no answer is another question's, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m serving.benchmarks.load", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="how long questions are asked (default: %(default)s)")
    parser.add_argument("--capacity", type=float, default=100, help="answers a second of the model (%(default)s)")
    parser.add_argument("--out", type=Path, help="file for the JSON")
    options = parser.parse_args(arguments)
    settings = Settings.from_environment()
    with stub_api(settings, options.capacity) as process:
        memory = MemoryWatch(process.pid)
        url = f"http://{settings.api_host}:{settings.api_port}"
        offered = asyncio.run(offer(url, per_second=2 * options.capacity, seconds=options.seconds))
        highest_mib = memory.stop()
        with psycopg.connect(settings.api_dsn, autocommit=True) as conn:
            settle_seconds = _settle(conn, offered)
            rows = reconcile(conn, offered.answered)
    result = {
        **summarize(offered),
        "capacity_per_s": options.capacity,
        "offered_per_s": round(offered.asked / offered.asking_seconds, 1),
        "rows_lost": rows.lost,
        "rows_mispaired": rows.mispaired,
        "rows_settled_after_s": round(settle_seconds, 1),
        "memory_before_mib": memory.first_mib,
        "memory_highest_mib": highest_mib,
        "hardware": hardware(),
        "cores": os.cpu_count(),
    }
    if options.out:
        options.out.write_text(f"{json.dumps(result, indent=2)}\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(result)}\n")
    return int(bool(rows.lost or rows.mispaired or offered.mispaired))


def summarize(offered: Offered) -> dict[str, object]:
    """Say what became of the questions."""
    percentiles = {f"p{round(share * 100)}_s": offered.percentile(share) for share in (0.5, 0.95, 0.99)}
    return {
        "seconds": round(offered.seconds, 1),
        "answered": len(offered.answered),
        "answered_per_s": round(len(offered.answered) / offered.seconds, 1),
        **{name: None if value is None else round(value, 3) for name, value in percentiles.items()},
        "others": dict(offered.statuses),
        "answers_mispaired": offered.mispaired,
    }


@contextmanager
def stub_api(settings: Settings, capacity: float, **variables: str) -> Iterator[subprocess.Popen]:
    """Run the API around the stub as a process, and wait until it answers.

    Args:
        settings: Where it listens; the rest it reads from the same environment.
        capacity: Answers a second.
        variables: More for its environment.
    """
    command = [sys.executable, "-m", "serving.benchmarks.stub_capacity", str(capacity)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, **variables})
    try:
        wait_for_health(process, f"http://{settings.api_host}:{settings.api_port}")
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def wait_for_health(process: subprocess.Popen, url: str) -> None:
    """Wait until an API answers.

    Raises:
        RuntimeError: It has ended, or does not answer in time.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/health", trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"The API did not start at {url}: look whether the address is taken and the warehouse runs.")


class MemoryWatch:
    """Watches the resident memory of a process, four times a second."""

    def __init__(self, pid: int):
        """Starts watching."""
        self._status = Path(f"/proc/{pid}/status")
        self.first_mib = self._highest_mib = self._read()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """Return the highest figure, in MiB."""
        self._is_over.set()
        self._thread.join()
        return self._highest_mib

    def _watch(self) -> None:
        while not self._is_over.wait(0.25):
            self._highest_mib = max(self._highest_mib, self._read())

    def _read(self) -> float:
        lines = dict(line.split(":", 1) for line in self._status.read_text().splitlines())
        return round(int(lines["VmRSS"].split()[0]) / 1024, 1)


def _settle(conn: psycopg.Connection, offered: Offered) -> float:
    """Wait until all rows have arrived, for a while; return how long it took."""
    started = time.monotonic()
    while reconcile(conn, offered.answered).lost and time.monotonic() - started < _SETTLE_SECONDS:
        time.sleep(0.2)
    return time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
