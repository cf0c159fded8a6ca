"""Bearer keys: what one is, how it is made and compared; pure functions and records.

A key is 256 random bits. So its plain SHA-256 is enough at rest: a slow, salted hash protects what people think up and
others can guess, and nobody can guess through 2^256 values, however fast each try is.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal["ask", "run", "review"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_PREFIX = "auditune"
_SECRET_BYTES = 32
_ID_BYTES = 6


@dataclass(frozen=True)
class Key:
    """A row of raw_serving.api_keys.

    Attributes:
        key_id: Names the key; no secret, it stands in the key itself and in the rows of the request log.
        token_hash: SHA-256 of the whole key, in hex.
        scopes: What it opens.
        requests_per_minute: Its rate; None for no limit.
        database_role: Role that its rows are fetched as; None for the reader's own.
        role_problem: Why that role may not be used, as a stable code of read_keys.sql; None where it may.
        is_revoked: It opens nothing any more.
    """

    key_id: str
    token_hash: str
    scopes: frozenset[str]
    requests_per_minute: int | None = None
    database_role: str | None = None
    role_problem: str | None = None
    is_revoked: bool = False


def make_token() -> tuple[str, str]:
    """Make a new key.

    Returns:
        Its id, and the key itself, `auditune_<id>_<secret>`, which is shown once and kept nowhere.
    """
    key_id = secrets.token_hex(_ID_BYTES)
    return key_id, f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def hash_token(token: str) -> str:
    """Return what is stored of a key."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_key_id(token: str) -> str:
    """Return the id that a key names, or an empty string."""
    parts = token.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == _PREFIX else ""


def is_key(token: str, key: Key) -> bool:
    """Compare in a time that does not depend on where they differ."""
    return hmac.compare_digest(hash_token(token), key.token_hash)
