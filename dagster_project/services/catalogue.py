"""Which services there are: their commands, their addresses, and how each shows that it is ready.

Called by `up.py` and `down.py`.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dagster_project.embedded.port import HOST
from dagster_project.services.errors import ServiceError

_CODE = ("-w", str(Path(__file__).with_name("workspace.yaml")))


@dataclass(frozen=True)
class Service:
    """A background process.

    Attributes:
        name: names its pid file and its log.
        title: what to call it in a sentence.
        command: program and arguments; the second or third argument is the module, which tells it from other processes.
        port: TCP port on 127.0.0.1; None where it listens on none.
        ready_path: path that answers 200 when it is ready.
        is_tls: it speaks HTTPS.
    """

    name: str
    title: str
    command: tuple[str, ...]
    port: int | None = None
    ready_path: str = ""
    is_tls: bool = False

    @property
    def address(self) -> str:
        """The URL for people."""
        return f"{'https' if self.is_tls else 'http'}://{HOST}:{self.port}"

    @property
    def module(self) -> str:
        """The Python module that it runs."""
        return self.command[2]


def services(environ: Mapping[str, str]) -> tuple[Service, ...]:
    """Returns the services in the order to start them.

    Args:
        environ: environment variables; `AUDITUNE_UI_PORT` and `AUDITUNE_API_PORT` move the two that listen, and with
            `AUDITUNE_TLS_CERT` the API speaks HTTPS.

    Raises:
        ServiceError: one of the two is not a port number.
    """
    ui_port = _port(environ, "AUDITUNE_UI_PORT", 3000)
    api_port = _port(environ, "AUDITUNE_API_PORT", 8000)
    python = (sys.executable, "-m")
    webserver = (*python, "dagster_webserver", "-h", HOST, "-p", str(ui_port), *_CODE)
    return (
        Service("webserver", "Dagster's UI", webserver, ui_port, "/server_info"),
        Service("daemon", "Dagster's daemon", (*python, "dagster._daemon", "run", *_CODE)),
        Service("api", "The API", (*python, "serving"), api_port, "/health", bool(environ.get("AUDITUNE_TLS_CERT"))),
    )


def _port(environ: Mapping[str, str], variable: str, default: int) -> int:
    text = environ.get(variable, "") or str(default)
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise ServiceError(f"{variable} is {text!r}: set it to a port number from 1 to 65535, or unset it.")
    return int(text)
