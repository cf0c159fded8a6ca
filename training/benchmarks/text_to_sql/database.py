"""The benchmark's tables in a database, and the catalog that the prompt, the guard and the canonical form read.

The tables are loaded into the schema's sandbox, since that is where evaluation looks for them. Called by run.py.
"""

from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from training.benchmarks.text_to_sql.source import Source
from training.errors import BadInput
from training.sql.catalog import Catalog

_COLUMNS = (Path(__file__).parent / "columns.sql").read_text(encoding="utf-8")
READER = "benchmark_reader"
_MOST_VALUES = (
    100  # of a column whose values the prompt and its hints may show: the warehouse's own catalog has the same
)
_LARGEST_CHUNK = 1 << 16


def load(dsn: str, source: Source) -> tuple[str, Catalog]:
    """Creates the tables and fills them.

    Args:
        dsn: A superuser's; its database has no such schema yet.
        source: The benchmark.

    Returns:
        The DSN of a role that may only read them, and their catalog.

    Raises:
        BadInput: The server refuses the schema, or a file's values.
    """
    sandbox = sql.Identifier(f"sandbox_{source.schema}")
    with psycopg.connect(dsn, autocommit=True) as connection:
        try:
            connection.execute(source.ddl.encode())
        except psycopg.Error as error:
            raise BadInput(f"PostgreSQL refuses schema.sql (SQLSTATE {error.sqlstate}); correct it.") from None
        for table in source.tables:
            _fill(connection, source.schema, table.name, table.file)
        catalog = _read_catalog(connection, source.schema)
        rename = sql.SQL("alter schema {} rename to {}").format(sql.Identifier(source.schema), sandbox)
        connection.execute(rename)
        connection.execute("analyze")
        for statement in (
            "create role {reader}",
            "grant usage on schema {sandbox} to {reader}",
            "grant select on all tables in schema {sandbox} to {reader}",
        ):
            connection.execute(sql.SQL(statement).format(reader=sql.Identifier(READER), sandbox=sandbox))
    return make_conninfo(dsn, options=f"-c role={READER}"), catalog


def _fill(connection: psycopg.Connection, schema: str, table: str, file: Path) -> None:
    copy = sql.SQL("copy {} from stdin (format csv, header)").format(sql.Identifier(schema, table))
    try:
        with connection.cursor().copy(copy) as target, file.open("rb") as rows:
            while chunk := rows.read(_LARGEST_CHUNK):
                target.write(chunk)
    except psycopg.Error as error:
        # The server's message quotes the value; its context names the line.
        context = (error.diag.context or "").split(":")[0]
        raise BadInput(f"PostgreSQL refuses {file} ({context or error.sqlstate}); correct the values there.") from None


def _read_catalog(connection: psycopg.Connection, schema: str) -> Catalog:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_COLUMNS, {"schema": schema}).fetchall()
    for row in rows:
        row["sample_values"] = _values(connection, row) if row["data_type"] in ("text", "character varying") else None
    return Catalog.from_rows(rows)


def _values(connection: psycopg.Connection, row: dict) -> list[str] | None:
    """All values of a column that has few; nothing in a public benchmark is personal."""
    column, table = sql.Identifier(row["column_name"]), sql.Identifier(row["table_schema"], row["table_name"])
    query = sql.SQL("select distinct {0} from {1} where {0} is not null order by 1 limit {2}")
    values = connection.execute(query.format(column, table, sql.Literal(_MOST_VALUES + 1))).fetchall()
    return [value for (value,) in values] if len(values) <= _MOST_VALUES else None
