"""What of an adapter's catalog its answers may name: what the reader can read. Used where adapters are loaded.

The server would refuse the rest at any rate; but what nobody may read shall not be written either. A caller whose own
role may read less than others is refused by the server.
"""

from pathlib import Path

import psycopg

from serving.startup import StartupError
from training.sql.catalog import Catalog

_CLOSED = (Path(__file__).parent / "closed_columns.sql").read_text(encoding="utf-8")


def readable(catalog: Catalog, reader_dsn: str) -> Catalog:
    """Leaves out the columns that are closed to the reader and to every role that it may take for a caller.

    Args:
        catalog: The catalog that an adapter was trained on.
        reader_dsn: Of the role that fetches rows.

    Returns:
        The catalog for the grammar and the guard, with the functions that the schemas' own shadow; the prompt stays as
        it was trained.

    Raises:
        psycopg.OperationalError: The warehouse cannot be reached.
        StartupError: Nothing is left.
    """
    with psycopg.connect(reader_dsn, autocommit=True, connect_timeout=5) as connection:
        closed = connection.execute(_CLOSED, {"schemas": list(catalog.business_schemas)}).fetchall()
        left = catalog.without(frozenset(closed)).where(connection, catalog.business_schemas)
    if not left.tables:
        schemas = ", ".join(catalog.business_schemas)
        raise StartupError(f"The reader may read no table of {schemas}: run `make run` again, or grant it SELECT.")
    return left
