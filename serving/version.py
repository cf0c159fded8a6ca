"""What is running: the package's version and, where it runs from a clone, the commit. Called by `routes.health`."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


@cache
def read_commit() -> str | None:
    """Return the commit of the clone that this code is in; None where it is in none, or git is not there."""
    git = shutil.which("git")
    if git is None or not (_ROOT / ".git").exists():
        return None
    command = [git, "-C", str(_ROOT), "rev-parse", "--verify", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
