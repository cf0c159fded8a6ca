"""The account that the server runs under: PostgreSQL refuses to run as root, so root lends it an unprivileged one.

Called by the other modules of this package whenever they run one of PostgreSQL's programs or touch its folders.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dagster_project.embedded.errors import EmbeddedError

UNPRIVILEGED_ACCOUNTS = ("nobody", "postgres", "daemon")
"""Tried in this order; initdb needs one that the system's account list knows."""


@dataclass(frozen=True)
class Account:
    """Who runs PostgreSQL's programs.

    Attributes:
        uid: user id the programs run under.
        gid: group id the programs run under.
        is_switched: True where this process is root and must switch to the account.
    """

    uid: int
    gid: int
    is_switched: bool

    def run(
        self, command: Sequence[str | Path], *, cwd: Path, timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program to its end under the account, in a session of its own so that Ctrl-C does not reach it.

        Args:
            command: program and arguments.
            cwd: a folder that the account can enter.
            timeout_s: seconds after which the program is killed and `subprocess.TimeoutExpired` raised.

        Returns:
            The finished process, with standard error joined to standard output as text.
        """
        switch = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_switched else {}
        return subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            start_new_session=True,
            umask=0o077,
            check=False,
            **switch,
        )

    def can_enter(self, folder: Path) -> bool:
        """Tells whether the account can reach and enter a folder; asked of the system itself, so that ACLs count."""
        return (
            not self.is_switched or self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder], cwd=Path("/")).returncode == 0
        )

    def can_execute(self, program: Path) -> bool:
        """Tells whether the account can reach and execute a program."""
        if not self.is_switched:
            return os.access(program, os.X_OK)
        return self.run(["/bin/sh", "-c", 'test -x "$1"', "sh", program], cwd=Path("/")).returncode == 0

    def give(self, path: Path) -> None:
        """Makes the account the owner of a file or an empty folder."""
        if self.is_switched:
            os.chown(path, self.uid, self.gid)


def server_account() -> Account:
    """Returns the account for the server: this process's own, or an unprivileged one where this process is root.

    Raises:
        EmbeddedError: this process is root and the system has no unprivileged account to lend.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_switched=False)
    for name in UNPRIVILEGED_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, is_switched=True)
    raise EmbeddedError(
        "PostgreSQL refuses to run as root and there is no account `nobody`: run as an ordinary user instead."
    )


def _environment() -> dict[str, str]:
    """The programs' whole environment: none of the user's PG* settings may leak into them."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}
