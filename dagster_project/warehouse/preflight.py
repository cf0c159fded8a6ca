"""Whether a server is fit to be the warehouse: version, privileges, extension, disk.

The rules are pure functions; `check_server` asks the server. Called by `setup.py`.
"""

import shutil
from pathlib import Path

import psycopg

from dagster_project.warehouse.errors import WarehouseError
from dagster_project.warehouse.settings import ROLE_VARIABLES

OLDEST_VERSION = 15
NEWEST_VERSION = 18
DISK_NEEDED_GB = 3.0

OUR_SCHEMAS = (
    "raw_audit", "raw_serving", "raw_training", "privacy", "staging", "intermediate", "corpus", "monitoring",
)  # fmt: skip


def check_version(server_version_num: int) -> None:
    """Checks that PostgreSQL's version is supported.

    Args:
        server_version_num: as the server reports it, such as 180006 for 18.6.

    Raises:
        WarehouseError: it is too old, or newer than any that auditune was tried on.
    """
    major = server_version_num // 10000
    if major < OLDEST_VERSION:
        raise WarehouseError(
            f"The warehouse is PostgreSQL {major}, too old for auditune: upgrade it to {OLDEST_VERSION} or later."
        )
    if major > NEWEST_VERSION:
        raise WarehouseError(
            f"The warehouse is PostgreSQL {major}; auditune knows {OLDEST_VERSION} to {NEWEST_VERSION}: "
            "use one of those, or a newer auditune."
        )


def check_disk(free_bytes: int, folder: Path) -> None:
    """Checks that there is room for models, datasets and (embedded) the warehouse itself.

    Raises:
        WarehouseError: there is less than 3 GB.
    """
    free_gb = free_bytes / 1e9
    if free_gb < DISK_NEEDED_GB:
        raise WarehouseError(
            f"{folder} has {free_gb:.1f} GB free and auditune needs {DISK_NEEDED_GB:.0f} GB: "
            "free some, or set AUDITUNE_HOME to a folder on a larger disk."
        )


def check_privileges(*, missing_roles: list[str], may_create_roles: bool, may_create_schemas: bool, user: str) -> None:
    """Checks that the administrator may create what is not there yet.

    Args:
        missing_roles: our roles that the server lacks.
        may_create_roles: has CREATEROLE, or is a superuser.
        may_create_schemas: has CREATE on the database.
        user: the administrator's name, for the error.

    Raises:
        WarehouseError: a privilege that is needed is missing; names it.
    """
    lacking = []
    if missing_roles and not may_create_roles:
        lacking.append(f"CREATEROLE (for {', '.join(missing_roles)})")
    if not may_create_schemas:
        lacking.append("CREATE on the database")
    if lacking:
        raise WarehouseError(
            f"The role {user} lacks {' and '.join(lacking)}: grant it, or give AUDITUNE_DSN an administrator."
        )


def check_home(home: Path) -> None:
    """Checks the state folder's disk; the folder exists.

    Raises:
        WarehouseError: it has too little room.
    """
    check_disk(shutil.disk_usage(home).free, home)


def missing_roles(admin: psycopg.Connection) -> list[str]:
    """Returns those of our roles that the server lacks."""
    rows = admin.execute("select rolname from pg_roles where rolname = any(%s)", [list(ROLE_VARIABLES)]).fetchall()
    present = {name for (name,) in rows}
    return [role for role in ROLE_VARIABLES if role not in present]


def check_server(admin: psycopg.Connection) -> None:
    """Asks a server everything that set-up relies on.

    Args:
        admin: connection of the administrator to the warehouse's database.

    Raises:
        WarehouseError: it is not fit; the message names the first thing that is missing.
    """
    check_version(admin.info.server_version)
    row = admin.execute(
        "select rolsuper or rolcreaterole, rolname, has_database_privilege(current_database(), 'CREATE')"
        " from pg_roles where rolname = current_user"
    ).fetchone()
    assert row is not None, "pg_roles always holds current_user"  # noqa: S101  an invariant of PostgreSQL
    may_create_roles, user, may_create_schemas = row
    check_privileges(
        missing_roles=missing_roles(admin),
        may_create_roles=may_create_roles,
        may_create_schemas=may_create_schemas,
        user=user,
    )
    foreign = admin.execute(
        "select nspname from pg_namespace where nspname = any(%s) and nspowner::regrole::text <> 'auditune_owner'",
        [list(OUR_SCHEMAS)],
    ).fetchall()
    if foreign:
        names = ", ".join(name for (name,) in foreign)
        raise WarehouseError(
            f"The database already has the schema {names}, which is not auditune's: rename it, or use another database."
        )


def create_extension(admin: psycopg.Connection) -> str | None:
    """Creates pg_stat_statements where it can be had.

    Returns:
        None, or a sentence for the user about going on without it.
    """
    try:
        admin.execute("create extension if not exists pg_stat_statements")
        admin.execute("select 1 from pg_stat_statements limit 1")
    except psycopg.Error:
        return (
            "The extension pg_stat_statements is not available, so statement counts stay empty: it is optional; "
            "to have it, add it to shared_preload_libraries, restart the server and run set-up again."
        )
    return None
