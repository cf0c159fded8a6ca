"""The passwords of auditune's roles: derived from one random key, so that none is lost and none is stored twice.

Called by `setup.py`.
"""

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

from dagster_project.embedded.secret import write_private


def role_key(home: Path) -> bytes:
    """Returns the home's key for passwords, made on first use in `<home>/keys/roles.key` (0600)."""
    path = home / "keys" / "roles.key"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, secrets.token_hex(32) + "\n")
    return bytes.fromhex(path.read_text().strip())


def role_password(key: bytes, server: str, role: str) -> str:
    """Returns a role's password on a server: 32 letters, digits, - and _.

    Args:
        key: from `role_key`.
        server: a name of the server that does not change, so that two servers never share a password.
        role: name of the role.
    """
    digest = hmac.new(key, f"{server}\0{role}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()
