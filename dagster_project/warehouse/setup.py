"""Makes a PostgreSQL database auditune's warehouse: roles, schemas, raw tables, grants, and `.auditune/env`.

Idempotent: a second run changes nothing. Called by `entry.py` and by the tests.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from dagster_project.embedded.settings import ensure_home
from dagster_project.warehouse.business import grant_business_schema, schema_exists
from dagster_project.warehouse.connect import connect
from dagster_project.warehouse.dsn import parse, with_login
from dagster_project.warehouse.env_file import write_env
from dagster_project.warehouse.errors import WarehouseError
from dagster_project.warehouse.own_log import own_log
from dagster_project.warehouse.passwords import role_key, role_password
from dagster_project.warehouse.preflight import check_home, check_server, create_extension
from dagster_project.warehouse.roles import ensure_roles, let_owner_create, limit_roles, silence
from dagster_project.warehouse.settings import OWNER, ROLE_VARIABLES, Warehouse

_HERE = Path(__file__).parent
_LOCK_NUMBER = 0x6175646974  # "audit": one set-up of a server at a time


@dataclass(frozen=True)
class Target:
    """The database that is to become the warehouse.

    Attributes:
        home: the state folder.
        admin_dsn: a role that may create roles and schemas, or auditune_owner where everything exists.
        is_embedded: the server is the embedded one: the DSN is its superuser's, the roles are ours alone.
        schemas: the business schemas.
        audit_logs: where the server's log is; empty: the server is asked.
        base_model: checkpoint that adapters are trained on.
        role_dsns: role → DSN that the user gave.
    """

    home: Path
    admin_dsn: str = field(repr=False)
    is_embedded: bool
    schemas: tuple[str, ...]
    audit_logs: tuple[str, ...]
    base_model: str
    role_dsns: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class SetUp:
    """A warehouse that is ready, and sentences for the user about what it goes without."""

    warehouse: Warehouse
    notes: tuple[str, ...]


def set_up(target: Target) -> SetUp:
    """Makes the target the warehouse.

    Args:
        target: where, and what the user chose.

    Returns:
        The warehouse, also written to `<home>/env`.

    Raises:
        WarehouseError: something is missing; the message says what to do, and the next run goes on from there.
    """
    ensure_home(target.home)
    check_home(target.home)
    dsns = _role_dsns(target)
    notes: list[str] = []
    with connect(target.admin_dsn, "AUDITUNE_DSN") as admin:
        silence(admin)
        check_server(admin)
        admin.execute("select pg_advisory_lock(%s)", [_LOCK_NUMBER])
        if admin.info.user != OWNER:
            ensure_roles(admin, dsns, may_reset=target.is_embedded)
            notes += limit_roles(admin)
            let_owner_create(admin)
        note = create_extension(admin)
        notes += [note] if note else []
        with connect(dsns[OWNER], "AUDITUNE_DSN") as owner:
            _create_schemas(owner, target.schemas)
            audit_logs = target.audit_logs or (own_log(admin, owner),)
        if not target.audit_logs:
            notes.append(f"AUDITUNE_AUDIT_LOGS is not set: the server's own log is read, from {audit_logs[0]}")
        _open_business_schemas(admin, target)
    warehouse = Warehouse(
        home=target.home,
        dsn=dsns[OWNER],
        sandbox_dsn=dsns["auditune_sandbox"],
        reader_dsn=dsns["auditune_reader"],
        api_dsn=dsns["auditune_api"],
        monitor_dsn=dsns["auditune_monitor"],
        admin_dsn=target.admin_dsn if target.is_embedded else None,
        schemas=target.schemas,
        audit_logs=audit_logs,
        base_model=target.base_model,
    )
    _create_dagster_home(warehouse.dagster_home)
    write_env(target.home, warehouse.environment())
    return SetUp(warehouse, tuple(notes))


def _create_dagster_home(folder: Path) -> None:
    """Creates DAGSTER_HOME with telemetry off; a dagster.yaml that is there is the user's."""
    folder.mkdir(exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        shutil.copyfile(_HERE / "dagster.yaml", folder / "dagster.yaml")


def _role_dsns(target: Target) -> dict[str, str]:
    """Each role's DSN: the user's where he gave one, else ours with a derived password."""
    admin = parse(target.admin_dsn, "AUDITUNE_DSN")
    server = "embedded" if target.is_embedded else f"{admin['host']}:{admin['port']}"
    key = role_key(target.home)
    dsns = {role: with_login(target.admin_dsn, role, role_password(key, server, role)) for role in ROLE_VARIABLES}
    if admin["user"] == OWNER:
        dsns[OWNER] = target.admin_dsn
    for role, dsn in target.role_dsns.items():
        if parse(dsn, ROLE_VARIABLES[role])["user"] != role:
            raise WarehouseError(
                f"{ROLE_VARIABLES[role]} must be the address of the role {role}: correct it or unset it."
            )
        dsns[role] = dsn
    return dsns


def _create_schemas(owner: psycopg.Connection, schemas: tuple[str, ...]) -> None:
    """Creates our schemas and raw tables, and grants each role its part, all or nothing."""
    with owner.transaction():
        # Every object exists from the second run on; the server would say so in a notice each.
        owner.execute("set local client_min_messages = warning")
        for file in ("schemas.sql", "raw_tables.sql", "grants.sql"):
            owner.execute((_HERE / file).read_bytes())
        for schema in schemas:
            sandbox = sql.Identifier(f"sandbox_{schema}")
            owner.execute(sql.SQL("create schema if not exists {}").format(sandbox))
            owner.execute(sql.SQL("grant usage on schema {} to auditune_sandbox").format(sandbox))
            owner.execute(sql.SQL("grant select on all tables in schema {} to auditune_sandbox").format(sandbox))
            defaults = "alter default privileges in schema {} grant select on tables to auditune_sandbox"
            owner.execute(sql.SQL(defaults).format(sandbox))


def _open_business_schemas(admin: psycopg.Connection, target: Target) -> None:
    for schema in target.schemas:
        if schema_exists(admin, schema):
            grant_business_schema(admin, schema)
        elif not target.is_embedded:  # the embedded one gets its business from the sample, after set-up
            raise WarehouseError(
                f"The database has no schema {schema}: set AUDITUNE_SCHEMAS to the schemas that questions are about."
            )
