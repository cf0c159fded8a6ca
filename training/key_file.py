"""The local key files that wrap adapters' data keys, under `<AUDITUNE_HOME>/keys`; used by `training.vault`.

`adapter.key` holds 32 random bytes (mode 0600). While a rotation is under way, `adapter.next.key` is beside it.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import BinaryIO

KEY_BYTES = 32
LOCAL_PREFIX = "local:"
_DRAFT = ".draft-"


class VaultError(Exception):
    """A key or an encrypted file cannot be used; the message says what to do."""


def key_path(home: Path) -> Path:
    """Returns where the key is."""
    return home / "keys" / "adapter.key"


def next_key_path(home: Path) -> Path:
    """Returns where the key is that a rotation is introducing."""
    return home / "keys" / "adapter.next.key"


def read_key(path: Path, *, create: bool = False) -> tuple[str, bytes] | None:
    """Reads a key, if it is there.

    Args:
        path: Its file.
        create: Create it with a random key if it is missing.

    Returns:
        The key's id, `local:` and a hash of it, and its 32 bytes; None where there is none.

    Raises:
        VaultError: The file is damaged, open to others, a link or unreadable.
    """
    if create:
        _remove_drafts(path)
        if not os.path.lexists(path):
            _create(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            key = file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise VaultError(f"The key file {path} cannot be read ({error.strerror}): make it a file of yours.") from error
    if mode & 0o077:
        raise VaultError(f"{path} may be read by others (mode {mode:04o}): run `chmod 600 {path}`.")
    if len(key) != KEY_BYTES:
        raise VaultError(f"{path} holds {len(key)} bytes instead of {KEY_BYTES}: restore it from its backup.")
    return LOCAL_PREFIX + hashlib.sha256(b"auditune adapter key\0" + key).hexdigest()[:16], key


def switch_to_next_key(home: Path) -> None:
    """Puts the next key in the place of the key, which is gone in the same instant."""
    _remove_drafts(key_path(home))
    os.replace(next_key_path(home), key_path(home))
    _sync_folder(key_path(home).parent)


def destroy_keys(home: Path) -> None:
    """Deletes the local keys, once everything is encrypted with another one."""
    _remove_drafts(key_path(home))
    for path in (key_path(home), next_key_path(home)):
        path.unlink(missing_ok=True)


def create_private(path: Path) -> BinaryIO:
    """Creates a file that only its owner may read (mode 0600), and opens it for writing."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _remove_drafts(path: Path) -> None:
    """Remove what a killed process left: it may be a second name of the key, and outlive a rotation."""
    for draft in path.parent.glob(f"*{_DRAFT}*"):
        draft.unlink(missing_ok=True)


def _create(path: Path) -> None:
    """Create the key file whole or not at all: a reader never sees half a key."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}{_DRAFT}{os.getpid()}")
        with create_private(draft) as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where another process was first; then its key is the key
            _sync_folder(path.parent)
        except FileExistsError:
            return
        finally:
            draft.unlink()
    except OSError as error:
        raise VaultError(f"The key file {path} cannot be created ({error.strerror}): check the folder.") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
