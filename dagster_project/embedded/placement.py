"""Where the cluster lies: `<home>/pgdata`, or a shelter in /var/tmp where the server's account cannot enter it.

A repository in root's own folder has such a home. Its permissions are the user's and stay as they are;
`<home>/pgdata` then is a symbolic link into the shelter, so that everyone else
finds the cluster and its log in the same place.
Called by `server.py` and `binaries.py`.
"""

import hashlib
import os
import shutil
import stat
from pathlib import Path

from dagster_project.embedded.account import Account
from dagster_project.embedded.errors import EmbeddedError

SHELTERS = Path("/var/tmp")  # noqa: S108  every use checks that the folder inside is ours


def cluster_link(home: Path) -> Path:
    """Returns the path by which everyone finds the cluster."""
    return home / "pgdata"


def cluster_folder(home: Path, account: Account) -> Path:
    """Returns the folder of the cluster itself, whether it exists yet or not.

    Args:
        home: the state folder, which exists.
        account: who runs the server.

    Raises:
        EmbeddedError: the shelter's name is taken by someone else.
    """
    link = cluster_link(home)
    if link.is_symlink():
        return own_shelter(home) / "pgdata"
    if link.exists() or account.can_enter(home):
        return link
    return own_shelter(home) / "pgdata"


def shelter_path(home: Path) -> Path:
    """Returns the name of the home's shelter; the same home always gives the same name."""
    return SHELTERS / f"auditune-{hashlib.sha256(str(home.absolute()).encode()).hexdigest()[:16]}"


def own_shelter(home: Path) -> Path:
    """Returns the home's shelter, created where it is missing.

    Raises:
        EmbeddedError: the folder exists and is not ours: /var/tmp is open to everyone.
    """
    shelter = shelter_path(home)
    try:
        shelter.mkdir(mode=0o711)
        shelter.chmod(0o711)
    except FileExistsError:
        if not _is_our_folder(shelter):
            raise EmbeddedError(
                f"{shelter} belongs to someone else: remove it, or set AUDITUNE_HOME to another folder."
            ) from None
    return shelter


def publish(home: Path, folder: Path) -> None:
    """Makes `<home>/pgdata` lead to the cluster in the shelter; nothing to do where the cluster lies in the home."""
    link = cluster_link(home)
    if folder != link and not link.is_symlink():
        link.symlink_to(folder)


def remove_cluster(home: Path) -> None:
    """Removes the cluster, its link and the home's shelter; the server must be stopped."""
    link = cluster_link(home)
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        shutil.rmtree(link)
    shelter = shelter_path(home)
    if shelter.exists() and _is_our_folder(shelter):
        shutil.rmtree(shelter)


def _is_our_folder(folder: Path) -> bool:
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
