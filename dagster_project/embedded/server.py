"""Start, stop, status and removal of the embedded server.

Called by the command line, by `dagster_project.warehouse.entry`, by `dagster_project.services` and by the tests.
"""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dagster_project.embedded.account import Account, server_account
from dagster_project.embedded.binaries import Binaries, find_binaries
from dagster_project.embedded.cluster import check_version, configure, create_cluster
from dagster_project.embedded.errors import EmbeddedError
from dagster_project.embedded.placement import cluster_folder, cluster_link, publish, remove_cluster
from dagster_project.embedded.port import HOST, free_port, is_taken
from dagster_project.embedded.process import forget_stale, read_postmaster
from dagster_project.embedded.secret import SUPERUSER, Secret, new_password, read_secret, write_secret
from dagster_project.embedded.settings import EmbeddedSettings, ensure_home

_RECOVERY_S = 20.0
_STOP_S = 60.0


@dataclass(frozen=True)
class Server:
    """A running embedded server.

    Attributes:
        port: TCP port on 127.0.0.1.
        password: the superuser's.
        log_folder: where its JSON log is written.
        notes: sentences for the user about what was unusual in this start.
    """

    port: int
    password: str = field(repr=False)
    log_folder: Path
    notes: tuple[str, ...] = ()

    def dsn(self, database: str) -> str:
        """Returns the superuser's DSN of one of its databases."""
        return f"postgresql://{SUPERUSER}:{self.password}@{HOST}:{self.port}/{database}"


@dataclass(frozen=True)
class Status:
    """What the cluster is doing; pid and port are those of a running server."""

    state: Literal["absent", "stopped", "running"]
    pid: int | None = None
    port: int | None = None


def start(settings: EmbeddedSettings) -> Server:
    """Creates the cluster where it is missing and starts its server where it is not running.

    Args:
        settings: where it lives and what the user fixed.

    Returns:
        The running server; it outlives this process.

    Raises:
        EmbeddedError: it cannot be created or started; the message says what to do.
    """
    ensure_home(settings.home)
    with _locked(settings.home):
        account = server_account()
        folder = cluster_folder(settings.home, account)
        secret = read_secret(settings.home)
        running = read_postmaster(folder)
        if secret is None and folder.exists():
            raise EmbeddedError(
                f"The warehouse's password file is gone from {settings.home}: run `make clean` to start over."
            )
        if running is not None and secret is not None:
            return _running_server(settings, running.port or secret.port, secret)
        binaries = find_binaries(settings.pg_bin, account, settings.home)
        if secret is None:
            secret = Secret(settings.fixed_port or free_port(), new_password())
            write_secret(settings.home, secret)
        if not folder.exists():
            create_cluster(folder, binaries, account, secret.password, is_durable=settings.is_durable)
        publish(settings.home, folder)
        check_version(folder, binaries)
        return _start_stopped(settings, folder, binaries, account, secret)


def stop(settings: EmbeddedSettings) -> bool:
    """Stops the server, rolling back what is still running in it.

    Returns:
        True where it was running.

    Raises:
        EmbeddedError: it does not stop.
    """
    if not settings.home.exists():
        return False
    with _locked(settings.home):
        folder = cluster_link(settings.home).resolve()
        running = read_postmaster(folder)
        if running is None:
            return False
        os.kill(running.pid, signal.SIGINT)  # PostgreSQL's fast shutdown; needs none of its programs
        deadline = time.monotonic() + _STOP_S
        while read_postmaster(folder) is not None:
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"The warehouse did not stop within a minute: end its process {running.pid} and run again."
                )
            time.sleep(0.02)
        return True


def status(settings: EmbeddedSettings) -> Status:
    """Tells what the cluster is doing; changes nothing."""
    folder = cluster_link(settings.home)
    if not folder.exists():
        return Status("absent")
    running = read_postmaster(folder.resolve())
    return Status("stopped") if running is None else Status("running", running.pid, running.port)


def remove(settings: EmbeddedSettings) -> None:
    """Stops the server and removes its cluster, wherever it lies."""
    stop(settings)
    remove_cluster(settings.home)


def _start_stopped(
    settings: EmbeddedSettings, folder: Path, binaries: Binaries, account: Account, secret: Secret
) -> Server:
    notes: list[str] = []
    was_killed = forget_stale(folder)
    if was_killed:
        notes.append("The warehouse was not shut down properly last time: it recovers by itself.")
    port = settings.fixed_port or secret.port
    deadline = time.monotonic() + _RECOVERY_S
    while True:
        if is_taken(port):
            if settings.fixed_port:
                raise EmbeddedError(
                    f"Port {port} (AUDITUNE_PG_PORT) is taken by another program: stop that program, "
                    "or unset AUDITUNE_PG_PORT to let auditune choose a free port."
                )
            old_port, port = port, free_port()
            notes.append(f"Port {old_port} is taken by another program: the warehouse now listens on {port}.")
        if port != secret.port:
            secret = Secret(port, secret.password)
            write_secret(settings.home, secret)
        configure(folder, port, account, is_durable=settings.is_durable)
        startup_log = folder / "log" / "startup.txt"
        startup_log.unlink(missing_ok=True)
        command = [binaries.pg_ctl, "start", "--pgdata", folder, "--wait", "--timeout", "60", "--log", startup_log]
        if account.run(command, cwd=folder).returncode == 0:
            return _running_server(settings, port, secret, notes)
        # A killed server's processes need a moment to let go of its memory; a port may be lost between check and use.
        if time.monotonic() > deadline or not (was_killed or is_taken(port)):
            raise EmbeddedError(
                f"The warehouse did not start: {_reason(folder)}; {folder / 'log'} holds the server's log."
            )
        time.sleep(0.5)


def _running_server(settings: EmbeddedSettings, port: int, secret: Secret, notes: list[str] | None = None) -> Server:
    return Server(port, secret.password, cluster_link(settings.home) / "log", tuple(notes or ()))


def _reason(folder: Path) -> str:
    """The server's last word about its own start, which is about files and ports, never about data."""
    for log in sorted((folder / "log").glob("*.json"), reverse=True):
        for line in reversed(log.read_text(errors="replace").splitlines()):
            entry = json.loads(line)
            if entry.get("backend_type") == "postmaster" and entry.get("error_severity") == "FATAL":
                return str(entry["message"])
    startup_log = folder / "log" / "startup.txt"
    lines = startup_log.read_text(errors="replace").strip().splitlines() if startup_log.exists() else []
    return lines[-1] if lines else "it gave no reason"


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Keeps two processes from starting or stopping the same server at once."""
    with (home / "embedded.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
