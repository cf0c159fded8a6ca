"""Starts and kills stand-ins for vLLM (vllm_double.py), and makes adapter folders that they load."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.serving.support import free_port, wait_until

REPOSITORY = Path(__file__).parents[2]


def write_adapter(folder: Path, rank: int = 8) -> Path:
    """Write the files of a peft adapter, whose weights nobody reads here."""
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank, "base_model_name_or_path": "tests/base-model"}))
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    return folder


@dataclass
class EngineProcesses:
    """The stand-ins of one test, which share a file of answers and a record of requests."""

    folder: Path
    running: dict[int, subprocess.Popen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.say({})

    def say(self, answers: dict[str, list[str]], **more: Any) -> None:
        """Set what every stand-in answers from now on: by question, the most likely answer and then drawn ones."""
        new = self.folder / "script.new"
        new.write_text(json.dumps({"answers": answers, **more}))
        new.rename(self.folder / "script.json")

    def start(self, port: int | None = None) -> int:
        """Start one and wait until it listens; return its port."""
        port = port or free_port()
        files = ["--script", str(self.folder / "script.json"), "--record", str(self.folder / "record.jsonl")]
        self.running[port] = subprocess.Popen(
            [sys.executable, "-m", "tests.serving.vllm_double", "--port", str(port), *files], cwd=REPOSITORY
        )
        wait_until(lambda: self._listens(port), seconds=60)
        return port

    def kill(self, port: int) -> None:
        """Kill one with SIGKILL."""
        process = self.running.pop(port)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """Kill all."""
        for port in list(self.running):
            self.kill(port)

    def requests(self, *, with_probes: bool = False) -> list[dict[str, Any]]:
        """Read every request for a completion that came, without those that only prove the grammar."""
        record = self.folder / "record.jsonl"
        lines = record.read_text().splitlines() if record.exists() else []
        bodies = [json.loads(line) for line in lines]
        return [body for body in bodies if with_probes or "Question:" in body["prompt"]]

    def _listens(self, port: int) -> bool:
        assert self.running[port].poll() is None, "the stand-in ended"
        try:
            return httpx.get(f"http://127.0.0.1:{port}/v1/models", timeout=1).status_code == 200
        except httpx.TransportError:
            return False


def url(port: int) -> str:
    """Return the address of a stand-in."""
    return f"http://127.0.0.1:{port}"
