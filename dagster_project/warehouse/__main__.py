"""`python -m dagster_project.warehouse setup`: makes the warehouse ready and writes `.auditune/env`."""

import argparse
import sys

from dagster_project.embedded.errors import EmbeddedError
from dagster_project.warehouse.dsn import place
from dagster_project.warehouse.entry import open_warehouse
from dagster_project.warehouse.env_file import env_file
from dagster_project.warehouse.errors import WarehouseError


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: the command line without the program's name; default the process's own.

    Returns:
        The exit status: 0 done, 1 failed.
    """
    parser = argparse.ArgumentParser(prog="python -m dagster_project.warehouse", description=__doc__)
    parser.add_argument("command", choices=("setup",))
    parser.parse_args(arguments)
    try:
        done = open_warehouse()
    except (EmbeddedError, WarehouseError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{note}\n" for note in done.notes)
    host, port, database = place(done.warehouse.dsn)
    sys.stdout.write(
        f"The warehouse {database} on {host}:{port} is ready: `. {env_file(done.warehouse.home)}` to reach it.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
