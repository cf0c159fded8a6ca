"""Our roles: created with passwords that never travel in clear, limited, and kept out of the audit log.

Called by `setup.py`.
"""

from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from dagster_project.warehouse.connect import is_refused
from dagster_project.warehouse.dsn import parse
from dagster_project.warehouse.errors import WarehouseError
from dagster_project.warehouse.settings import OWNER, ROLE_VARIABLES

_LIMITS = Path(__file__).with_name("role_limits.sql")
_AUDIT = Path(__file__).with_name("role_audit.sql")


def silence(admin: psycopg.Connection) -> None:
    """Keeps the administrator's own statements out of the server's log for this session, where it may."""
    for setting, value in (("log_statement", "none"), ("log_min_error_statement", "panic"), ("log_duration", "off")):
        try:
            admin.execute(sql.SQL("set {} = {}").format(sql.Identifier(setting), sql.Literal(value)))
        except psycopg.errors.InsufficientPrivilege:
            return  # not a superuser; passwords are safe all the same, since only their verifiers are sent


def ensure_roles(admin: psycopg.Connection, dsns: Mapping[str, str], *, may_reset: bool) -> None:
    """Creates the roles that are missing and makes sure that each of ours can log in with its DSN.

    Args:
        admin: connection of the administrator.
        dsns: role → its DSN, password included.
        may_reset: a role that exists with another password gets ours (the embedded server has no other user of it).

    Raises:
        WarehouseError: a role exists, its password is not the DSN's, and it is not ours to reset.
    """
    present = {name for (name,) in admin.execute("select rolname from pg_roles").fetchall()}
    for role, dsn in dsns.items():
        variable = ROLE_VARIABLES[role]
        password = parse(dsn, variable).get("password", "")
        if role not in present:
            _set_password(admin, "create role {} login password {}", role, password)
        elif is_refused(dsn, variable):
            if not may_reset:
                raise WarehouseError(
                    f"The role {role} exists with a password that auditune does not know: set {variable} to its "
                    f"address, or drop the role and run set-up again."
                )
            _set_password(admin, "alter role {} login password {}", role, password)


def limit_roles(admin: psycopg.Connection) -> list[str]:
    """Applies the roles' limits and keeps their statements out of the log.

    Returns:
        Sentences for the user about what the administrator may not do itself.
    """
    notes = []
    try:
        with admin.transaction():
            admin.execute(_LIMITS.read_bytes())
    except psycopg.errors.InsufficientPrivilege:
        notes.append(f"The administrator may not limit our roles: ask one who may to run {_LIMITS}.")
    try:
        with admin.transaction():
            admin.execute(_AUDIT.read_bytes())
    except psycopg.errors.InsufficientPrivilege:
        notes.append(f"Our own statements will be in the server's log: ask a superuser to run {_AUDIT}.")
    return notes


def let_owner_create(admin: psycopg.Connection) -> None:
    """Lets auditune_owner create schemas in the database.

    Raises:
        WarehouseError: the administrator may not grant that.
    """
    database = admin.info.dbname
    question = "select has_database_privilege(%s, current_database(), 'CREATE')"
    if admin.execute(question, [OWNER]).fetchone() == (True,):
        return
    statement = sql.SQL("grant connect, create, temporary on database {} to {}")
    # Without the right to grant, PostgreSQL only warns: ask again.
    admin.execute(statement.format(sql.Identifier(database), sql.Identifier(OWNER)))
    if admin.execute(question, [OWNER]).fetchone() != (True,):
        raise WarehouseError(
            f"{admin.info.user} may not grant CREATE on the database {database}: ask its owner to run "
            f'`grant create on database "{database}" to {OWNER}`.'
        )


def _set_password(admin: psycopg.Connection, statement: str, role: str, password: str) -> None:
    # The verifier is computed here, so that the password itself reaches neither the server nor its log.
    verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    admin.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(verifier)))
