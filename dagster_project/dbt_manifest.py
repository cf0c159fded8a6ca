"""Runs dbt's own command line on the project, to parse it or to build parts of it.

Parsed, so that Dagster's definitions load from a manifest that fits the warehouse: dbt writes the database's name into
it, so that is done after the warehouse is opened. Called by the pipeline, the services and the import of pairs.
"""

import os
import subprocess
import sys
from pathlib import Path

from dagster_project.embedded.settings import REPOSITORY
from dagster_project.warehouse.settings import Warehouse

DBT_PROJECT = REPOSITORY / "dbt_project"


class DbtError(RuntimeError):
    """A dbt command failed; the message holds dbt's own words."""


class DbtParseError(DbtError):
    """The dbt project does not parse."""


def parse_dbt_project(warehouse: Warehouse) -> None:
    """Runs `dbt parse`; instant where nothing has changed since the last time.

    Args:
        warehouse: the warehouse that the manifest is for.

    Raises:
        DbtParseError: the project does not parse.
    """
    done = _dbt(warehouse, "parse")
    if done.returncode != 0:
        raise DbtParseError(f"The dbt project does not parse; mend what dbt says:\n{done.stdout}{done.stderr}".strip())


def run_dbt(warehouse: Warehouse, *arguments: str) -> None:
    """Runs one dbt command to its end.

    Args:
        warehouse: the warehouse that it works on.
        arguments: the command and its options, such as `build --select training_pairs`.

    Raises:
        DbtError: the command failed.
    """
    done = _dbt(warehouse, *arguments)
    if done.returncode != 0:
        command = " ".join(arguments)
        raise DbtError(f"`dbt {command}` failed; mend what dbt says:\n{done.stdout}{done.stderr}".strip())


def _dbt(warehouse: Warehouse, *arguments: str) -> subprocess.CompletedProcess:
    dbt = Path(sys.executable).with_name("dbt")
    command = [dbt, "--quiet", *arguments, "--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT]
    return subprocess.run(command, env={**os.environ, **warehouse.environment()}, capture_output=True, text=True)
