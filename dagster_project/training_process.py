"""The subprocess that trains or evaluates for a Dagster asset: `python -m training …` with Dagster Pipes around it.

Keeps torch out of Dagster's process. Run as: `python -m dagster_project.training_process train --config …`.
"""

import sys

from dagster_pipes import open_dagster_pipes

from training.cli import main


def run() -> int:
    """Runs the training command with this process's arguments and tells Dagster how it ended.

    Returns:
        The command's exit status.
    """
    with open_dagster_pipes() as pipes:
        status = main(sys.argv[1:])
        pipes.log.info(f"`python -m training {sys.argv[1]}` ended with exit status {status}")
    return status


if __name__ == "__main__":
    sys.exit(run())
