"""Waits for the end of its standard input, then stops the test server of a state folder and removes the folder.

Started by conftest.py. The operating system closes the pipe however pytest ends, so no server outlives it.
Run as: python stop_with_parent.py HOME
"""

import shutil
import signal
import sys
import time
from pathlib import Path

from dagster_project.embedded.server import remove
from dagster_project.embedded.settings import EmbeddedSettings


def main() -> None:
    """Waits, stops, removes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    home = Path(sys.argv[1])
    sys.stdin.buffer.read()
    deadline = time.monotonic() + 30
    while home.exists():
        try:
            remove(EmbeddedSettings(home))
            shutil.rmtree(home)
        except OSError:  # pytest was killed in the middle of initdb, which still writes until its folder is gone
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    main()
