"""The business's own logins, under which the workload is replayed. Called by replay.py.

Their passwords are random, made anew for each replay and kept in memory only; the server gets SCRAM verifiers, so that
no password can reach its log.
"""

import secrets
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

SCHEMA = "shop"
ROLES = ("shop_analyst", "shop_bi", "shop_app")
_COMMENT = "auditune sample login"


class ForeignRoleError(RuntimeError):
    """A role that the sample needs exists and was not made here."""


@dataclass(frozen=True)
class Login:
    """A role and how to connect as it."""

    role: str
    dsn: str


def prepare_logins(admin: psycopg.Connection) -> dict[str, Login]:
    """Create the roles that are missing, give each a new password and its rights on the business schema.

    Args:
        admin: Connection of a role that may create roles and owns, or may grant on, the business schema.

    Returns:
        The logins by role.

    Raises:
        ForeignRoleError: If one of the roles belongs to somebody else.
    """
    logins = {}
    with admin.transaction():
        for role in ROLES:
            password = secrets.token_urlsafe(24)
            _set_password(admin, role, password)
            _grant(admin, role)
            dsn = make_conninfo(admin.info.dsn, user=role, password=password, options=f"-c search_path={SCHEMA}")
            logins[role] = Login(role, dsn)
    return logins


def _set_password(admin: psycopg.Connection, role: str, password: str) -> None:
    name = sql.Identifier(role)
    found = admin.execute(
        "select shobj_description(oid, 'pg_authid') from pg_roles where rolname = %s", [role]
    ).fetchone()
    if found and not (found[0] or "").startswith(_COMMENT):
        raise ForeignRoleError(
            f"The role {role} exists and is not the sample's: rename it before the sample runs here."
        )
    # Even a verifier should not stand in the log. Only a superuser may switch it off; auditune's own roles have it off.
    if admin.info.parameter_status("is_superuser") == "on":
        admin.execute("set local log_statement = 'none'")
    verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    command = "alter" if found else "create"
    admin.execute(sql.SQL(f"{command} role {{}} login password {{}}").format(name, sql.Literal(verifier)))
    if not found:
        admin.execute(sql.SQL("comment on role {} is {}").format(name, sql.Literal(_COMMENT)))


def _grant(admin: psycopg.Connection, role: str) -> None:
    names = {"schema": sql.Identifier(SCHEMA), "role": sql.Identifier(role)}
    admin.execute(sql.SQL("grant usage on schema {schema} to {role}").format(**names))
    admin.execute(sql.SQL("grant select on all tables in schema {schema} to {role}").format(**names))
    if role == "shop_app":
        tables = sql.SQL(", ").join(sql.Identifier(SCHEMA, table) for table in ("support_tickets", "refunds"))
        admin.execute(sql.SQL("grant insert, update on {} to {}").format(tables, names["role"]))
        tickets = sql.Identifier(SCHEMA, "support_tickets")
        admin.execute(sql.SQL("grant delete on {} to {}").format(tickets, names["role"]))


def read_marker(admin: psycopg.Connection, role: str) -> str | None:
    """Return the marker that `write_marker` left on a role, or None."""
    found = admin.execute(
        "select shobj_description(oid, 'pg_authid') from pg_roles where rolname = %s", [role]
    ).fetchone()
    text = (found[0] or "") if found else ""
    return text.removeprefix(f"{_COMMENT}; ") if text.startswith(f"{_COMMENT}; ") else None


def write_marker(admin: psycopg.Connection, role: str, marker: str) -> None:
    """Leave a marker in the comment of a role that `prepare_logins` made."""
    text = f"{_COMMENT}; {marker}"
    admin.execute(sql.SQL("comment on role {} is {}").format(sql.Identifier(role), sql.Literal(text)))
