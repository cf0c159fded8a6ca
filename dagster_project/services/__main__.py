"""`python -m dagster_project.services up|down|clean|model`: what `make up`, `down`, `clean` and `setup` run."""

import argparse
import os
import sys

from dagster_project.embedded.errors import EmbeddedError
from dagster_project.embedded.settings import EmbeddedSettings
from dagster_project.services.down import clean, down
from dagster_project.services.errors import ServiceError
from dagster_project.services.model import unpack_base_model
from dagster_project.services.up import up
from dagster_project.warehouse.entry import open_warehouse
from dagster_project.warehouse.errors import WarehouseError


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: the command line without the program's name; default the process's own.

    Returns:
        The exit status: 0 done, 1 failed.
    """
    parser = argparse.ArgumentParser(prog="python -m dagster_project.services", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "clean", "model"))
    command = parser.parse_args(arguments).command
    try:
        if command == "up":
            done = open_warehouse()
            for note in done.notes:
                _say(note)
            up(done.warehouse, os.environ, _say)
            _say("Stop them with `make down`.")
        elif command == "down":
            stopped = down(os.environ)
            _say(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")
        elif command == "model":
            unpack_base_model(EmbeddedSettings.load().home)
        else:
            removed = clean(os.environ)
            _say(f"Removed {removed}." if removed else "There was nothing to remove.")
    except (EmbeddedError, ServiceError, WarehouseError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
