"""pgjdbc (Debian's libpostgresql-jdbc-java), driven by `Jdbc.java`."""

import subprocess
from pathlib import Path

from tests.recorded_logs.clients.node import from_lines
from tests.recorded_logs.scratch_server import ScratchServer
from tests.recorded_logs.truth import Action

_JAR = "/usr/share/java/postgresql.jar"


def run(server: ScratchServer) -> list[Action]:
    """Executes everything, and returns it."""
    url = f"jdbc:postgresql://127.0.0.1:{server.port}/market?user=ada"
    done = subprocess.run(
        ["java", "-cp", _JAR, Path(__file__).with_name("Jdbc.java"), url], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return from_lines(done.stdout)
