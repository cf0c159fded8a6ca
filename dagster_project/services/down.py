"""Stops everything that auditune started, and removes the state folder.

Called by the command line (`make down`, `make clean`).
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from dagster_project.embedded import server as embedded
from dagster_project.embedded.secret import secret_file
from dagster_project.embedded.settings import REPOSITORY, EmbeddedSettings
from dagster_project.services.catalogue import services
from dagster_project.services.errors import ServiceError
from dagster_project.services.processes import end
from dagster_project.warehouse.env_file import env_file


def down(environ: Mapping[str, str]) -> list[str]:
    """Stops the services and the embedded warehouse.

    Args:
        environ: environment variables.

    Returns:
        What was running, in words.
    """
    settings = EmbeddedSettings.load(environ)
    stopped = [service.title for service in reversed(services(environ)) if end(settings.home, service)]
    if embedded.stop(settings):
        stopped.append("the embedded warehouse")
    return stopped


def clean(environ: Mapping[str, str]) -> Path | None:
    """Stops everything and removes the state folder, and the cluster where it lies outside.

    Args:
        environ: environment variables.

    Returns:
        The folder that is gone; None where there was none.

    Raises:
        ServiceError: `AUDITUNE_HOME` names a folder that is not a state folder.
    """
    settings = EmbeddedSettings.load(environ)
    home = settings.home
    if not home.exists():
        return None
    if home != REPOSITORY / ".auditune" and not env_file(home).exists() and not secret_file(home).exists():
        raise ServiceError(f"{home} is not a state folder of auditune: nothing is removed; correct AUDITUNE_HOME.")
    down(environ)
    embedded.remove(settings)
    shutil.rmtree(home)
    return home
