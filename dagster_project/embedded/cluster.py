"""The cluster on disk: created by initdb in a folder that takes its final name only when it is whole, and configured.

Called by `server.py`.
"""

import shutil
from pathlib import Path

from dagster_project.embedded.account import Account
from dagster_project.embedded.binaries import Binaries
from dagster_project.embedded.errors import EmbeddedError
from dagster_project.embedded.secret import SUPERUSER

_SETTINGS = Path(__file__).with_name("postgresql.conf")
_CLIENTS = Path(__file__).with_name("pg_hba.conf")


def create_cluster(folder: Path, binaries: Binaries, account: Account, password: str, *, is_durable: bool) -> None:
    """Creates a cluster whose superuser has the password.

    Args:
        folder: where; must not exist. What an interrupted creation left beside it is removed.
        binaries: PostgreSQL's programs.
        account: owner of the cluster.
        password: the superuser's.
        is_durable: wait until the disk has it all.

    Raises:
        EmbeddedError: initdb fails.
    """
    unfinished = folder.with_name("pgdata.new")
    password_file = folder.with_name("pgdata.password")
    shutil.rmtree(unfinished, ignore_errors=True)
    password_file.unlink(missing_ok=True)
    unfinished.mkdir(mode=0o700)
    account.give(unfinished)
    try:
        password_file.touch(mode=0o600)
        account.give(password_file)
        password_file.write_text(password)
        command: list[str | Path] = [binaries.initdb, "--pgdata", unfinished]
        command += ["--username", SUPERUSER, "--pwfile", password_file]
        command += ["--auth", "scram-sha-256", "--encoding", "UTF8", *_locale(binaries.major)]
        answer = account.run(command if is_durable else [*command, "--no-sync"], cwd=unfinished)
    finally:
        password_file.unlink(missing_ok=True)
    if answer.returncode != 0:
        reason = answer.stdout.strip().splitlines()[-1:] or ["no reason given"]
        raise EmbeddedError(
            f"initdb could not create the warehouse in {folder}: {reason[0]}; free what it names and run again."
        )
    unfinished.rename(folder)


def check_version(folder: Path, binaries: Binaries) -> None:
    """Checks that the cluster was created by the same major version as the programs.

    Raises:
        EmbeddedError: it was not; PostgreSQL cannot read another version's files.
    """
    created_by = (folder / "PG_VERSION").read_text().strip()
    if created_by != str(binaries.major):
        raise EmbeddedError(
            f"The warehouse in {folder} was created by PostgreSQL {created_by}, but {binaries.folder} "
            f"holds {binaries.major}: set AUDITUNE_PG_BIN to the older bin folder, or run `make clean` to start over."
        )


def configure(folder: Path, port: int, account: Account, *, is_durable: bool) -> None:
    """Writes the server's settings; at each start, so that an upgrade of auditune brings its own.

    Args:
        folder: the cluster.
        port: where it shall listen.
        account: owner of the files.
        is_durable: survive a crash of the machine.
    """
    (folder / "log").mkdir(mode=0o700, exist_ok=True)
    account.give(folder / "log")
    _write(
        folder / "auditune.conf",
        f"{_SETTINGS.read_text()}port = {port}\nfsync = {'on' if is_durable else 'off'}\n",
        account,
    )
    _write(folder / "pg_hba.conf", _CLIENTS.read_text(), account)
    main = folder / "postgresql.conf"
    include = "include = 'auditune.conf'"
    if include not in main.read_text().splitlines():
        _write(main, f"{main.read_text()}\n{include}\n", account)


def _locale(major: int) -> list[str]:
    """Byte-wise order everywhere; upper and lower know all of Unicode where the version carries its own tables."""
    if major >= 17:
        return ["--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    return ["--locale", "C"]


def _write(path: Path, text: str, account: Account) -> None:
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(text)
    unfinished.chmod(0o600)
    account.give(unfinished)
    unfinished.replace(path)
