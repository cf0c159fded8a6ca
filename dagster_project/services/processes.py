"""Background processes that outlive the command that starts them: each the leader of its own session, with a pid file.

Called by `up.py` and `down.py`.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from dagster_project.services.catalogue import Service

_GRACE_S = 8.0
_PROC = Path("/proc")


def pid_file(home: Path, service: Service) -> Path:
    """Returns the path of the service's pid file."""
    return home / "pids" / f"{service.name}.pid"


def log_file(home: Path, service: Service) -> Path:
    """Returns the path of the service's log."""
    return home / "logs" / f"{service.name}.log"


def spawn(home: Path, service: Service, environ: Mapping[str, str], cwd: Path) -> subprocess.Popen[bytes]:
    """Starts a service in a session of its own, so that Ctrl-C in this terminal does not reach it.

    Args:
        home: the state folder, for its pid file and log.
        service: what to start.
        environ: its whole environment.
        cwd: its working folder.

    Returns:
        The process; it outlives this one.
    """
    for path in (pid_file(home, service), log_file(home, service)):
        path.parent.mkdir(exist_ok=True)
    with log_file(home, service).open("wb") as log:
        process = subprocess.Popen(
            service.command,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    pid_file(home, service).write_text(f"{process.pid}\n")
    return process


def running_pid(home: Path, service: Service) -> int | None:
    """Returns the service's process id; None where it is not running, whatever the pid file says."""
    path = pid_file(home, service)
    text = path.read_text().strip() if path.exists() else ""
    return int(text) if text.isdecimal() and is_running(int(text), service) else None


def is_running(pid: int, service: Service) -> bool:
    """Tells whether a process is the service: after a reboot its number may be another program's."""
    _reap(pid)
    return f" {service.module} " in f" {_command_line(pid)} "


def end(home: Path, service: Service) -> bool:
    """Ends a service with all processes of its session, by force where one does not go by itself.

    Returns:
        True where any was running.
    """
    path = pid_file(home, service)
    text = path.read_text().strip() if path.exists() else ""
    leader = int(text) if text.isdecimal() else None
    # A leader that is gone may have left children behind; one that is another program now has nothing of ours.
    is_ours = leader is not None and (is_running(leader, service) or not _is_alive(leader))
    members = _session_members(leader) if leader is not None and is_ours else []
    if leader is not None and members:
        _signal(members, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_S
        while (members := _session_members(leader)) and time.monotonic() < deadline:
            time.sleep(0.1)
        _signal(members, signal.SIGKILL)
        _reap(leader)
        path.unlink()
        return True
    path.unlink(missing_ok=True)
    return False


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue  # ended between the look and the signal


def _session_members(leader: int) -> list[int]:
    """The processes of a leader's session: Dagster's code servers and runs are children of the UI and the daemon."""
    _reap(leader)
    pids = [int(path.name) for path in _PROC.iterdir() if path.name.isdecimal()] if _PROC.exists() else [leader]
    return [pid for pid in pids if _session(pid) == leader and _is_alive(pid)]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _is_alive(pid: int) -> bool:
    """Whether a process still runs; one that is just being started has no command line yet, so its state is asked."""
    if not _PROC.exists():
        return bool(_command_line(pid))
    try:
        state = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def _command_line(pid: int) -> str:
    """Program and arguments of a process; empty where it is gone or a zombie."""
    if _PROC.exists():
        try:
            return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError):
            return ""
    listing = subprocess.run(["/bin/ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listing.stdout.strip()


def _reap(pid: int) -> None:
    """Collects a child of this very process that has ended, so that it is not taken for a running one."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
