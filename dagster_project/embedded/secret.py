"""What must be remembered beside the cluster: the superuser's password and the chosen port, in one 0600 file.

Called by `server.py`.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dagster_project.embedded.errors import EmbeddedError

SUPERUSER = "auditune_admin"


@dataclass(frozen=True)
class Secret:
    """The superuser's password (never shown) and the port of the server."""

    port: int
    password: str = field(repr=False)


def secret_file(home: Path) -> Path:
    """Returns the path of the file."""
    return home / "embedded.json"


def new_password() -> str:
    """Returns a random password of 32 letters, digits, - and _, which needs no quoting in a DSN or a shell."""
    return secrets.token_urlsafe(24)


def read_secret(home: Path) -> Secret | None:
    """Reads the file; None where it does not exist.

    Raises:
        EmbeddedError: the file is damaged.
    """
    path = secret_file(home)
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text())
        return Secret(port=int(content["port"]), password=str(content["password"]))
    except (ValueError, KeyError, TypeError):
        raise EmbeddedError(f"{path} is damaged: run `make clean` to start over with a new warehouse.") from None


def write_secret(home: Path, secret: Secret) -> None:
    """Writes the file as 0600, whole or not at all."""
    write_private(secret_file(home), json.dumps(asdict(secret)) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replaces a file by one that only its owner can read, whole or not at all."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)
