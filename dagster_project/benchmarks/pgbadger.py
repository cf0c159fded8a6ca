"""pgBadger on the same log: the baseline of the warehouse's benchmark. Called by `warehouse.py`."""

import shutil
import subprocess
import time
from pathlib import Path


class PgBadgerMissing(RuntimeError):
    """pgBadger or its reader of JSON is not installed."""


def pgbadger_version() -> str:
    """Returns pgBadger's version.

    Raises:
        PgBadgerMissing: It is not installed.
    """
    asked = [_program(), "--version"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def pgbadger_seconds(log: Path, folder: Path, processes: int) -> float:
    """Lets pgBadger parse a jsonlog and write its report.

    Args:
        log: The log.
        folder: For the report.
        processes: Cores that it may use (`--jobs`).

    Returns:
        Wall seconds.

    Raises:
        PgBadgerMissing: It ended with an error, most likely because JSON::XS is missing.
    """
    command = [_program(), "--quiet", "--jobs", str(processes), "--format", "jsonlog"]
    start = time.monotonic()
    done = subprocess.run([*command, "--outfile", folder / "report.html", log], capture_output=True, text=True)
    if done.returncode != 0 or not (folder / "report.html").exists():
        raise PgBadgerMissing(f"pgBadger failed; is libjson-xs-perl installed? {done.stderr.strip()[-300:]}")
    return time.monotonic() - start


def _program() -> str:
    found = shutil.which("pgbadger")
    if not found:
        raise PgBadgerMissing("The benchmark compares with pgBadger: apt-get install pgbadger libjson-xs-perl.")
    return found
