"""`python -m dagster_project.embedded start|stop|status`: the embedded warehouse by hand."""

import argparse
import sys

from dagster_project.embedded.errors import EmbeddedError
from dagster_project.embedded.port import HOST
from dagster_project.embedded.server import start, status, stop
from dagster_project.embedded.settings import EmbeddedSettings


def main(arguments: list[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: the command line without the program's name; default the process's own.

    Returns:
        The exit status: 0 done (for `status`: running), 1 failed, 3 not running (`status` only, as init scripts do).
    """
    parser = argparse.ArgumentParser(prog="python -m dagster_project.embedded", description=__doc__)
    parser.add_argument("command", choices=("start", "stop", "status"))
    command = parser.parse_args(arguments).command
    try:
        settings = EmbeddedSettings.load()
        if command == "start":
            server = start(settings)
            sys.stdout.writelines(f"{note}\n" for note in server.notes)
            sys.stdout.write(f"The warehouse listens on {HOST}:{server.port}.\n")
        elif command == "stop":
            sys.stdout.write("The warehouse is stopped.\n" if stop(settings) else "The warehouse was not running.\n")
        else:
            found = status(settings)
            detail = f" on {HOST}:{found.port}, process {found.pid}" if found.state == "running" else ""
            sys.stdout.write(f"The warehouse is {found.state}{detail}.\n")
            return 0 if found.state == "running" else 3
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
