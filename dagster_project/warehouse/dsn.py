"""Addresses of databases: read, compared, and written for another role; never shown with their password.

Called by the other modules of this package.
"""

from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from dagster_project.warehouse.errors import WarehouseError


def parse(dsn: str, variable: str) -> dict[str, str]:
    """Reads a DSN into its parts (`user`, `password`, `host`, `port`, `dbname` and libpq's options).

    Args:
        dsn: `postgresql://user:password@host:port/database`, or libpq's `key=value` form.
        variable: the environment variable that it comes from, for the error.

    Raises:
        WarehouseError: it cannot be read, or names no user, host or database.
    """
    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    except psycopg.ProgrammingError:
        parts = {}  # libpq quotes the address, password included, so its message is not passed on
    if not {"user", "host", "dbname"} <= parts.keys():
        raise WarehouseError(
            f"{variable} is not a database address: set it to postgresql://user:password@host:port/database."
        )
    return {"port": "5432", **parts}


def with_login(dsn: str, user: str, password: str) -> str:
    """Returns the URL of the same database for another role."""
    parts = parse(dsn, "AUDITUNE_DSN")
    options = {key: value for key, value in parts.items() if key not in ("user", "password", "host", "port", "dbname")}
    query = f"?{urlencode(options)}" if options else ""
    return (
        f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}"
        f"@{parts['host']}:{parts['port']}/{quote(parts['dbname'], safe='')}{query}"
    )


def place(dsn: str, variable: str = "AUDITUNE_DSN") -> tuple[str, str, str]:
    """Returns host, port and database: what tells one warehouse from another."""
    parts = parse(dsn, variable)
    return parts["host"], parts["port"], parts["dbname"]
