"""Waits for the end of its standard input, then stops the test server of a state folder and removes the folder.

Started by conftest.py. The operating system closes the pipe however pytest ends, so no server outlives it.
Run as: python stop_with_parent.py HOME
"""

import shutil
import signal
import sys
from pathlib import Path

from dagster_project.embedded.server import remove
from dagster_project.embedded.settings import EmbeddedSettings


def main() -> None:
    """Waits, stops, removes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    home = Path(sys.argv[1])
    sys.stdin.buffer.read()
    remove(EmbeddedSettings(home))
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
