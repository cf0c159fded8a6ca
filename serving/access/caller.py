"""Who asks: what the gate found out about a request, and how a route says what it needs."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from serving.access.errors import RoleRefused, ScopeMissing
from serving.access.keys import SCOPES, Key, Scope

# Documents the header; the gate reads it, before the body.
_BEARER = HTTPBearer(auto_error=False, description="A key of `python -m serving keys create`, where keys are required.")


@dataclass(frozen=True)
class Caller:
    """The one who asks.

    Attributes:
        key_id: Id of the key; None where no key is required and none was given.
        scopes: What he may do.
        database_role: Role that his rows are fetched as; None for the reader's own.
        role_problem: Why that role may not be used; None where it may.
    """

    key_id: str | None
    scopes: frozenset[str]
    database_role: str | None = None
    role_problem: str | None = None

    @classmethod
    def with_key(cls, key: Key) -> "Caller":
        """Return the caller that a key stands for."""
        return cls(key.key_id, key.scopes, key.database_role, key.role_problem)

    def require(self, scope: Scope) -> None:
        """Let him go on where his key has the scope.

        Raises:
            ScopeMissing: It has not.
            RoleRefused: Rows are asked for, and his database role may not be used.
        """
        if scope not in self.scopes:
            raise ScopeMissing(scope)
        if scope == "run" and self.role_problem is not None:
            raise RoleRefused


ANYONE = Caller(key_id=None, scopes=frozenset(SCOPES))
"""Whoever asks where no key is required."""


# Asynchronous, as `check` below: FastAPI calls each plain function in a thread.
async def _get_caller(request: Request) -> Caller:
    return request.state.caller


CallerDep = Annotated[Caller, Depends(_get_caller)]


def needs(scope: Scope) -> Any:
    """Return a dependency for a router: its routes need a key with the scope."""

    async def check(caller: CallerDep, _documented: Annotated[Any, Depends(_BEARER)]) -> None:
        caller.require(scope)

    return Depends(check)
