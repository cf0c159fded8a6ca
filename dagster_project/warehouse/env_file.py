"""The file `.auditune/env`: what a shell, a BI tool or the dbt command line sources to reach the warehouse.

Written by `setup.py`, read by `settings.py`. Lines are `export NAME='value'`; the file is 0600.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path

from dagster_project.embedded.secret import write_private

HEADER = "# Written by auditune at each set-up: source it, do not edit it."


def env_file(home: Path) -> Path:
    """Returns the path of the file."""
    return home / "env"


def write_env(home: Path, variables: Mapping[str, str]) -> None:
    """Writes the file as 0600; a file that already says the same is left alone.

    Args:
        home: the state folder.
        variables: names and values, in the order to write them.
    """
    lines = [HEADER, *(f"export {name}={_quote(value)}" for name, value in variables.items()), ""]
    text = "\n".join(lines)
    path = env_file(home)
    if not path.exists() or path.read_text() != text or path.stat().st_mode & 0o077:
        write_private(path, text)


def read_env(home: Path) -> dict[str, str]:
    """Reads the file back; empty where there is none."""
    path = env_file(home)
    if not path.exists():
        return {}
    words = shlex.split(path.read_text(), comments=True)
    return dict(word.split("=", 1) for word in words if word != "export")


def _quote(value: str) -> str:
    return "'" + value.replace("'", "'\"'\"'") + "'"
