"""Connections to the warehouse whose failures are sentences.

Called by `setup.py` and by every command that opens the warehouse for a user.
"""

import psycopg

from dagster_project.warehouse.dsn import parse
from dagster_project.warehouse.errors import WarehouseError

CONNECT_TIMEOUT_S = 10


def connect(dsn: str, variable: str) -> psycopg.Connection:
    """Connects, in autocommit mode.

    Args:
        dsn: the address.
        variable: the environment variable that it comes from, for the error.

    Raises:
        WarehouseError: the address is wrong or nobody answers there; says which, without the password.
    """
    parts = parse(dsn, variable)
    try:
        return psycopg.connect(
            dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, application_name="auditune setup"
        )
    except psycopg.OperationalError as error:
        # `from None`: the driver's own message may hold the address as it was given.
        raise WarehouseError(explain(str(error), parts, variable)) from None


def is_refused(dsn: str, variable: str) -> bool:
    """Tells whether the server refuses the DSN's role or password; other failures raise WarehouseError."""
    parts = parse(dsn, variable)
    try:
        psycopg.connect(dsn, connect_timeout=CONNECT_TIMEOUT_S).close()
    except psycopg.OperationalError as error:
        if _is_authentication(str(error)):
            return True
        raise WarehouseError(explain(str(error), parts, variable)) from None
    return False


def explain(message: str, parts: dict[str, str], variable: str) -> str:
    """Turns the driver's message about a failed connection into a sentence that says what to do.

    Args:
        message: the driver's own words.
        parts: the address, as `dsn.parse` reads it.
        variable: the environment variable that the address comes from.
    """
    server = f"{parts['host']}:{parts['port']}"
    if _is_authentication(message):
        return f"{server} refuses the password of {parts['user']}: correct it in {variable}."
    if "role" in message and "does not exist" in message:
        return f"{server} has no role {parts['user']}: correct the user in {variable}."
    if "database" in message and "does not exist" in message:
        return f"{server} has no database {parts['dbname']}: create it or correct {variable}."
    if "pg_hba.conf" in message:
        return (
            f"{server} does not let {parts['user']} in from here: add a line to its pg_hba.conf, or correct {variable}."
        )
    if "starting up" in message or "shutting down" in message:
        return f"{server} is starting up or shutting down: try again in a moment."
    return f"No PostgreSQL answers at {server}: start it, or correct the host and port in {variable}."


def _is_authentication(message: str) -> bool:
    return "authentication failed" in message or "no password supplied" in message
