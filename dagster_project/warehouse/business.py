"""Access of auditune to the business schemas: the owner (dbt) and the reader (answers) may select there, nothing else.

Called by `setup.py`, and by the sample business after it has created its own schema.
"""

import psycopg
from psycopg import sql

from dagster_project.warehouse.errors import WarehouseError

_READERS = "auditune_owner, auditune_reader"


def grant_business_schema(admin: psycopg.Connection, schema: str) -> None:
    """Lets auditune_owner and auditune_reader read a business schema, its present tables and its future ones.

    Columns of a table that were closed to auditune_reader stay closed, as long as it may read another of them.

    Args:
        admin: connection of a role that owns the schema or may grant on it.
        schema: name of a schema that exists.

    Raises:
        WarehouseError: the two still cannot read all of it; says what its owner must run.
    """
    name = sql.Identifier(schema)
    readers = sql.SQL(_READERS)
    statements = [
        sql.SQL("grant usage on schema {} to {}").format(name, readers),
        sql.SQL("grant select on all tables in schema {} to auditune_owner").format(name),
        *(
            sql.SQL("grant select on {} to auditune_reader").format(sql.Identifier(schema, table))
            for table in _unread(admin, schema)
        ),
    ]
    defaults = "alter default privileges for role {} in schema {} grant select on tables to {}"
    statements += [sql.SQL(defaults).format(sql.Identifier(owner), name, readers) for owner in _creators(admin, schema)]
    for statement in statements:
        try:
            admin.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            continue  # the schema's owner may have granted it already: what counts is checked below
    unreadable = _unreadable(admin, schema)
    if unreadable:
        raise WarehouseError(
            f"auditune cannot read {unreadable} of the schema {schema}: ask its owner to run "
            f'`grant usage on schema "{schema}" to {_READERS}; '
            f'grant select on all tables in schema "{schema}" to {_READERS}`.'
        )


def schema_exists(conn: psycopg.Connection, schema: str) -> bool:
    """Tells whether the database has a schema."""
    return conn.execute("select 1 from pg_namespace where nspname = %s", [schema]).fetchone() is not None


def _creators(admin: psycopg.Connection, schema: str) -> list[str]:
    """Who is to be expected to create tables there: the schema's owner, its tables' owners, and the administrator."""
    rows = admin.execute(
        "select rolname from pg_roles where rolname = current_user or oid in ("
        " select nspowner from pg_namespace where nspname = %(schema)s"
        " union select relowner from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace"
        " where nspname = %(schema)s) order by 1",
        {"schema": schema},
    ).fetchall()
    return [name for (name,) in rows]


def _unread(admin: psycopg.Connection, schema: str) -> list[str]:
    """The tables of which the reader may read nothing; of one that it may read in part somebody has closed the rest."""
    rows = admin.execute(
        "select c.relname from pg_class c where c.relnamespace = %s::regnamespace and c.relkind in ('r', 'p', 'v', 'm',"
        " 'f') and not has_any_column_privilege('auditune_reader', c.oid, 'SELECT') order by 1",
        [sql.Identifier(schema).as_string(admin)],
    ).fetchall()
    return [name for (name,) in rows]


def _unreadable(admin: psycopg.Connection, schema: str) -> str | None:
    """Names what one of the two readers may not read; None where all is well."""
    rows = admin.execute(
        "select n.nspname, c.relname, has_schema_privilege(r.rolname, n.oid, 'USAGE'),"
        " c.oid is null or has_table_privilege(r.rolname, c.oid, 'SELECT') or"
        " r.rolname = 'auditune_reader' and has_any_column_privilege(r.rolname, c.oid, 'SELECT')"
        " from pg_namespace n"
        " cross join pg_roles r"
        " left join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')"
        " where n.nspname = %s and r.rolname in ('auditune_owner', 'auditune_reader')",
        [schema],
    ).fetchall()
    if any(not may_use for _, _, may_use, _ in rows):
        return "any table"
    tables = sorted({table for _, table, _, may_select in rows if not may_select})
    return f"{len(tables)} tables ({tables[0]}, …)" if tables else None
