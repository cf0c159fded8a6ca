"""A PostgreSQL server for one run of the benchmark, and nothing left of it afterwards.

Training knows nothing of the warehouse's modules, so the embedded server is started as a person would start it: by
its command line, in a state folder of its own. Called by run.py.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from training.errors import TrainingFailed

_COMMAND = (sys.executable, "-m", "dagster_project.embedded")
_SUPERUSER = "auditune_admin"
_SECONDS_TO_START = 180


@contextmanager
def temporary_server() -> Iterator[str]:
    """Runs a server while the context lasts; it is stopped and removed however that ends, short of a kill -9.

    Yields:
        The superuser's DSN of its database `postgres`.

    Raises:
        TrainingFailed: The server cannot be started; the message is the server's own.
    """
    with tempfile.TemporaryDirectory(prefix="auditune-benchmark-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o711)  # where we are root, the server's account must be able to enter
        try:
            _run("start", home)
            secret = json.loads((home / "embedded.json").read_text(encoding="utf-8"))
            yield f"postgresql://{_SUPERUSER}:{secret['password']}@127.0.0.1:{secret['port']}/postgres"
        finally:
            with suppress(TrainingFailed):  # what ended the run is worth more than that the server was not there
                _run("stop", home)


def _run(command: str, home: Path) -> None:
    """Runs a command of the embedded server to its end: half a start could not be stopped."""
    variables = {name: value for name, value in os.environ.items() if name != "AUDITUNE_PG_PORT"}
    process = subprocess.Popen(
        [*_COMMAND, command],
        env={**variables, "AUDITUNE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us; we then stop the server
    )
    try:
        _, error = process.communicate(timeout=_SECONDS_TO_START)
    except BaseException:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_SECONDS_TO_START)
        raise
    if process.returncode != 0:
        reason = error.strip().splitlines()[-1:] or ["it gave no reason"]
        raise TrainingFailed(f"The benchmark's server did not {command}: {reason[0]}")
