"""The warehouse as a Dagster resource. Used by every Python asset that reads or writes a raw table."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
import psycopg
from psycopg import sql

from dagster_project.warehouse.connect import connect
from dagster_project.warehouse.settings import Warehouse


class WarehouseResource(dg.ConfigurableResource):
    """The warehouse that is set up (`AUDITUNE_HOME`, `.auditune/env`); it holds no secret itself."""

    @property
    def settings(self) -> Warehouse:
        """The addresses and folders, read when asked for."""
        return Warehouse.load()

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection]:
        """Connects as auditune_owner, in autocommit mode."""
        with connect(self.settings.dsn, "AUDITUNE_DSN") as connection:
            yield connection

    def count(self, connection: psycopg.Connection, table: str) -> int:
        """Returns the number of rows of a table, given as `schema.table`."""
        statement = sql.SQL("select count(*) from {}").format(sql.Identifier(*table.split(".")))
        return connection.execute(statement).fetchone()[0]


def insert_rows(connection: psycopg.Connection, table: str, rows: list[Mapping[str, Any]]) -> None:
    """Inserts rows of one shape into a raw table, in one transaction.

    Args:
        connection: a role that may insert.
        table: `schema.table`.
        rows: column → value, all with the first row's columns.
    """
    if not rows:
        return
    columns = list(rows[0])
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(map(sql.Placeholder, columns)),
    )
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(statement, rows)
