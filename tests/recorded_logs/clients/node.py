"""node-postgres and postgres.js (npm's `pg` and `postgres`), driven by `node.mjs`."""

import json
import subprocess
from pathlib import Path

from tests.recorded_logs.scratch_server import ScratchServer
from tests.recorded_logs.truth import Action


def run(server: ScratchServer, packages: Path) -> list[Action]:
    """Executes everything, and returns it.

    Args:
        server: Where.
        packages: The folder in which `npm install pg postgres` was run.
    """
    script = packages / "node.mjs"  # imports are looked up beside the script
    script.write_text(Path(__file__).with_name("node.mjs").read_text())
    done = subprocess.run(["node", script, str(server.port)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return from_lines(done.stdout)


def from_lines(text: str) -> list[Action]:
    """Reads the actions that a driver script printed, one a line of JSON."""
    return [Action(**json.loads(line)) for line in text.splitlines()]
