"""The warehouse that a scaffold is made from: found, opened for reading, and asked which schemas it has."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg

from dagster_project.embedded.settings import state_folder
from dagster_project.warehouse.connect import connect
from dagster_project.warehouse.entry import open_warehouse
from dagster_project.warehouse.env_file import read_env
from dagster_project.warehouse.preflight import OUR_SCHEMAS
from dagster_project.warehouse.roles import silence
from dagster_project.warehouse.settings import is_sourced

_BUSINESS_SCHEMAS = """
select nspname from pg_namespace
where nspname !~ '^(pg_|sandbox_|information_schema$)' and nspname <> all (%s)
    and exists (
        select 1 from pg_class
        where relnamespace = pg_namespace.oid and relkind in ('r', 'p', 'v', 'm', 'f')
            and not exists (select 1 from pg_depend where objid = pg_class.oid and deptype = 'e')
    )
order by 1
"""


class ScaffoldError(Exception):
    """The schemas cannot be scaffolded; the message is a sentence that says what to do."""


@contextmanager
def connect_to_business(environ: Mapping[str, str]) -> Iterator[psycopg.Connection]:
    """Connects to the warehouse to read business schemas; nothing is changed in a user's own.

    Args:
        environ: environment variables.

    Yields:
        A connection of AUDITUNE_DSN's own role, or of the embedded server's superuser; in autocommit mode, its
        statements kept out of the server's log where the role may.

    Raises:
        WarehouseError: nobody answers there.
        EmbeddedError: the embedded server cannot be started.
    """
    given = environ.get("AUDITUNE_DSN", "")
    if not given or is_sourced(given, read_env(state_folder(environ))):
        warehouse = open_warehouse(environ).warehouse
        given = warehouse.admin_dsn or warehouse.dsn
    with connect(given, "AUDITUNE_DSN") as connection:
        silence(connection)
        yield connection


def check_schemas(connection: psycopg.Connection, schemas: tuple[str, ...]) -> None:
    """Checks that the schemas are there, hold tables, and are the business's.

    Raises:
        ScaffoldError: one is not; names those that are.
    """
    present = [name for (name,) in connection.execute(_BUSINESS_SCHEMAS, [list(OUR_SCHEMAS)]).fetchall()]
    choice = f"this database has {', '.join(present)}" if present else "this database has no schema with a table"
    if not schemas:
        raise ScaffoldError(f"Say which schemas: `make scaffold SCHEMA=sales` or `SCHEMA=sales,hr`; {choice}.")
    missing = [schema for schema in schemas if schema not in present]
    if missing:
        raise ScaffoldError(f"There is no business schema {', '.join(missing)} with a table or view in it; {choice}.")
