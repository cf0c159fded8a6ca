"""Everything that Dagster shows: the one entry point. What is under `defs/` is found by itself."""

import os
import sys
from pathlib import Path

import dagster as dg

from dagster_project.terminal_log import terminal_logger

# dagster-dbt looks for `dbt` on the PATH: the virtual environment's own comes first, activated or not.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


@dg.definitions
def defs() -> dg.Definitions:
    """Loads `defs/`; steps run in one process, because a process a step costs three to six seconds of imports each."""
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(executor=dg.in_process_executor, loggers={"terminal": terminal_logger}),
    )
