"""Parses the dbt project, so that Dagster's definitions load from a manifest that fits the warehouse.

dbt writes the database's name into the manifest, so it is parsed after the warehouse is opened. Called by the pipeline
and by the services.
"""

import os
import subprocess
import sys
from pathlib import Path

from dagster_project.embedded.settings import REPOSITORY
from dagster_project.warehouse.settings import Warehouse

DBT_PROJECT = REPOSITORY / "dbt_project"


class DbtParseError(RuntimeError):
    """The dbt project does not parse; the message holds dbt's own words."""


def parse_dbt_project(warehouse: Warehouse) -> None:
    """Runs `dbt parse`; instant where nothing has changed since the last time.

    Args:
        warehouse: the warehouse that the manifest is for.

    Raises:
        DbtParseError: the project does not parse.
    """
    dbt = Path(sys.executable).with_name("dbt")
    command = [dbt, "--quiet", "parse", "--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT]
    done = subprocess.run(command, env={**os.environ, **warehouse.environment()}, capture_output=True, text=True)
    if done.returncode != 0:
        raise DbtParseError(f"The dbt project does not parse; mend what dbt says:\n{done.stdout}{done.stderr}".strip())
