"""Starts the services and waits until they answer.

Called by the command line (`make up`).
"""

import http.client
import ssl
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from dagster_project.embedded.port import HOST, is_taken
from dagster_project.embedded.settings import REPOSITORY
from dagster_project.services.catalogue import Service, services
from dagster_project.services.errors import ServiceError
from dagster_project.services.processes import end, log_file, running_pid, spawn
from dagster_project.warehouse.settings import Warehouse

_READY_S = 240.0
_PROGRESS_S = 5.0


def up(warehouse: Warehouse, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Starts the services that are not running and waits until those that listen answer.

    Args:
        warehouse: set up and running.
        environ: environment variables; the warehouse's own are added.
        say: receives sentences for the user.

    Raises:
        ServiceError: a port is taken, or a service does not come up; what this call started is stopped again.
    """
    wanted = services(environ)
    to_start = [service for service in wanted if running_pid(warehouse.home, service) is None]
    for service in to_start:
        if service.port is not None and is_taken(service.port):
            variable = "AUDITUNE_API_PORT" if service.name == "api" else "AUDITUNE_UI_PORT"
            raise ServiceError(
                f"Port {service.port} for {service.title} is taken by another program: "
                f"stop it, or set {variable} to another port."
            )
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for service in to_start:
            started[service.name] = spawn(warehouse.home, service, {**environ, **warehouse.environment()}, REPOSITORY)
        for service in to_start:
            _wait(warehouse.home, service, started[service.name], say)
    except BaseException:  # Ctrl-C too: nothing half-started stays behind
        for service in to_start:
            end(warehouse.home, service)
        raise
    for service in wanted:
        if service.port is not None:
            say(f"{service.title}: {service.address}")


def _wait(home: Path, service: Service, process: subprocess.Popen[bytes], say: Callable[[str], None]) -> None:
    begin = time.monotonic()
    next_word = begin + _PROGRESS_S
    while True:
        if process.poll() is not None:
            raise ServiceError(f"{service.title} ended while starting: {_last_line(home, service)}")
        if service.port is None or answers(service.port, service.ready_path, is_tls=service.is_tls):
            return
        now = time.monotonic()
        if now - begin > _READY_S:
            raise ServiceError(
                f"{service.title} did not answer within {_READY_S:.0f} s: {log_file(home, service)} says why."
            )
        if now > next_word:
            say(f"{service.title} is starting ({now - begin:.0f} s)")
            next_word = now + _PROGRESS_S
        time.sleep(0.3)


def _last_line(home: Path, service: Service) -> str:
    """The service's own last word; services never log what a person asked or a table holds."""
    path = log_file(home, service)
    lines = path.read_text(errors="replace").strip().splitlines()
    return f"{lines[-1] if lines else 'it said nothing.'} ({path})"


def answers(port: int, path: str, *, is_tls: bool = False) -> bool:
    """Tells whether 127.0.0.1 answers 200 to GET on the path, with whatever certificate."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    if is_tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is the process that we have started
        connection = http.client.HTTPSConnection(HOST, port, timeout=2, context=context)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
