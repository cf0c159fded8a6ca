"""Opens the warehouse, whichever it is: starts the embedded server where no `AUDITUNE_DSN` is set, then sets it up.

Called by the pipeline, the services and the command line.
"""

import os
from collections.abc import Mapping

from psycopg import sql

from dagster_project.embedded import server as embedded
from dagster_project.embedded.settings import EmbeddedSettings, state_folder
from dagster_project.warehouse.connect import connect
from dagster_project.warehouse.env_file import read_env
from dagster_project.warehouse.settings import OWNER, ROLE_VARIABLES, comma_list, default_base_model, is_sourced
from dagster_project.warehouse.setup import SetUp, Target, set_up

DATABASE = "warehouse"


def open_warehouse(environ: Mapping[str, str] | None = None) -> SetUp:
    """Makes the warehouse ready for work.

    Args:
        environ: environment variables; default the process's own.

    Returns:
        The warehouse, and sentences for the user about what was unusual.

    Raises:
        WarehouseError: the database is not fit or cannot be reached.
        dagster_project.embedded.errors.EmbeddedError: the embedded server cannot be started.
    """
    variables = os.environ if environ is None else environ
    home = state_folder(variables)
    given = variables.get("AUDITUNE_DSN", "")
    schemas = comma_list(variables.get("AUDITUNE_SCHEMAS", "")) or ("shop",)
    base_model = variables.get("AUDITUNE_BASE_MODEL") or str(default_base_model(home))
    logs = comma_list(variables.get("AUDITUNE_AUDIT_LOGS", ""))
    if given and not is_sourced(given, read_env(home)):
        own = {role: variables[name] for role, name in ROLE_VARIABLES.items() if role != OWNER and variables.get(name)}
        return set_up(Target(home, given, False, schemas, logs, base_model, own))
    server = embedded.start(EmbeddedSettings.load(variables))
    ensure_database(server, DATABASE)
    log_files = logs or (str(server.log_folder / "*.json"),)
    done = set_up(Target(home, server.dsn(DATABASE), True, schemas, log_files, base_model))
    return SetUp(done.warehouse, server.notes + done.notes)


def ensure_database(server: embedded.Server, database: str) -> None:
    """Creates a database on the embedded server where it is missing, and keeps the superuser out of the audit log."""
    with connect(server.dsn("postgres"), "the embedded warehouse") as admin:
        for setting, value in (("log_statement", "none"), ("log_min_error_statement", "panic")):
            statement = sql.SQL("alter role current_user set {} = {}")
            admin.execute(sql.SQL("set {} = {}").format(sql.Identifier(setting), sql.Literal(value)))
            admin.execute(statement.format(sql.Identifier(setting), sql.Literal(value)))
        if admin.execute("select 1 from pg_database where datname = %s", [database]).fetchone() is None:
            admin.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
