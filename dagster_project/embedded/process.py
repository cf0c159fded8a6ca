"""Whether the server of a cluster is running, read from its postmaster.pid and checked against the process itself.

Called by `server.py`.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Postmaster:
    """A running server: its process id, and its port once it has written it."""

    pid: int
    port: int | None


def read_postmaster(folder: Path) -> Postmaster | None:
    """Returns the running server of a cluster; None where it has none, whatever postmaster.pid says."""
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not lines or not lines[0].strip().isdecimal():
        return None
    pid = int(lines[0])
    if not is_server_of(pid, folder):
        return None
    port = int(lines[3]) if len(lines) > 3 and lines[3].strip().isdecimal() else None
    return Postmaster(pid, port)


def is_server_of(pid: int, folder: Path) -> bool:
    """Tells whether a process is the server of a cluster: after a reboot its number may be another program's."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False  # gone, or not ours: our server runs under our account, or under one that root may signal
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cwd").samefile(folder)  # a server works in its data folder
        except OSError:
            return False
    listing = ["/bin/ps", "-o", "command=", "-p", str(pid)]
    return "postgres" in subprocess.run(listing, capture_output=True, text=True, check=False).stdout


def forget_stale(folder: Path) -> bool:
    """Removes a postmaster.pid whose process is gone but whose number another program has now.

    PostgreSQL itself clears the file of a process that is gone, but refuses to start where the number lives on.

    Returns:
        True where the cluster was not shut down properly.
    """
    path = folder / "postmaster.pid"
    if not path.exists() or read_postmaster(folder) is not None:
        return False
    first = path.read_text().split("\n", 1)[0].strip()
    if not first.isdecimal() or _lives(int(first)):
        path.unlink()
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
