"""llama.cpp's server on the same adapter as a GGUF file, where the program `llama-server` is installed."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from serving.benchmarks.timing import Answered
from serving.startup import bind
from training.errors import TrainingFailed

PROGRAM = "llama-server"
_START_SECONDS = 120


@dataclass(frozen=True)
class Running:
    """A server that answers: its port on 127.0.0.1, and its process."""

    port: int
    process_id: int


def is_installed() -> bool:
    """Whether the program is on the PATH."""
    return shutil.which(PROGRAM) is not None


@contextmanager
def llama_server(model: Path, clients: int, context: int) -> Iterator[Running]:
    """Runs the server.

    Args:
        model: GGUF file.
        clients: Questions that it works on at a time.
        context: Tokens of prompt and answer of one question.

    Yields:
        Where it is.
    """
    with bind("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    options = ["--model", model, "--port", port, "--parallel", clients, "--ctx-size", clients * context, "--offline"]
    process = subprocess.Popen(
        [PROGRAM, *map(str, options)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _wait(process, port)
        yield Running(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def answer(port: int, prompts: Sequence[str], clients: int, max_new_tokens: int) -> tuple[list[Answered], float]:
    """Asks with as many clients, each asking again once it is answered.

    Args:
        port: Of the server.
        prompts: Schema and question, at least one; the first is asked once before the clock starts, so that the
            server has the schema's keys and values, as ours has.
        clients: How many ask at a time.
        max_new_tokens: Longest answer, in tokens.

    Returns:
        The timings, and the seconds that all took.
    """
    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(lambda _: _ask(port, prompts[0], max_new_tokens), range(clients)))
        began = time.perf_counter()
        timings = list(threads.map(lambda prompt: _ask(port, prompt, max_new_tokens), prompts))
        return timings, time.perf_counter() - began


def _ask(port: int, prompt: str, max_new_tokens: int) -> Answered:
    body = {"prompt": prompt, "n_predict": max_new_tokens, "temperature": 0, "cache_prompt": True, "stream": True}
    body["stop"] = ["\n", ";"]
    began, first, tokens = time.perf_counter(), None, 0
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("POST", "/completion", json.dumps(body), {"Content-Type": "application/json"})
        for line in connection.getresponse():
            if line.startswith(b"data: "):
                first = first or time.perf_counter() - began
                tokens = json.loads(line[6:]).get("tokens_predicted", 0) or tokens + 1
    seconds = time.perf_counter() - began
    return Answered(first or seconds, seconds, tokens)


def _wait(process: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise TrainingFailed(f"{PROGRAM} did not start: run it by hand to see why.")
        time.sleep(0.1)


def _is_ready(port: int) -> bool:
    """Whether it answers; 503 while it loads the model."""
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
