"""Runs one query under limits and tells what came back, without ever repeating what the server said.

Called by the pipeline's validation and the evaluation (on the sandbox schemas) and by the API (as the reader role).
The guard decides what may be run; this is the layer below it: a read-only transaction, a timeout, a cap on rows.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
from psycopg import sql as pgsql

from training.sql.schema_names import in_schemas

_Result = TypeVar("_Result")

_LOCK_TIMEOUT_MS = 1000  # below the statement's: who waits for a lock gives up before anything else does
_MOST_FETCHED = 64  # rows at once: 10,000 rows are 160 fetches, and one of them that grows is not many

_CLASSES_BY_STATE = {
    "22012": "other",  # division by zero: the types are right
    "42P01": "unknown_table",
    "3F000": "unknown_table",
    "42703": "unknown_column",
    "42883": "type",
    "42804": "type",
    "42846": "type",
    "42501": "permission",
    "25006": "permission",
    "57014": "timeout",
    "55P03": "timeout",
}
_CLASSES_BY_PREFIX = {"42": "syntax", "22": "type", "28": "permission"}


@dataclass(frozen=True)
class Execution:
    """What one query did.

    Attributes:
        rows: The rows, at most the cap; None where the query failed.
        columns: The names of the result's columns.
        row_count: How many rows were read; the real number where `is_truncated` is false.
        is_truncated: Whether there were more rows, or more bytes, than the caps.
        error_class: syntax, unknown_table, unknown_column, type, timeout, permission or other; None where it ran.
        sqlstate: PostgreSQL's code of the error, or None.
        elapsed_ms: Wall time, in milliseconds.
    """

    rows: list[tuple[Any, ...]] | None
    columns: tuple[str, ...]
    row_count: int
    is_truncated: bool
    error_class: str | None
    sqlstate: str | None
    elapsed_ms: float


@dataclass(frozen=True)
class Estimate:
    """What the planner expects of a query.

    Attributes:
        cost: Total cost, in the planner's own units.
        rows: Number of rows that it returns.
    """

    cost: float
    rows: int


def classify(sqlstate: str | None) -> str:
    """Class an error by its SQLSTATE, for reports: syntax, unknown_table, type, timeout and so on."""
    if sqlstate is None:
        return "other"
    return _CLASSES_BY_STATE.get(sqlstate) or _CLASSES_BY_PREFIX.get(sqlstate[:2], "other")


class QueryRefused(RuntimeError):
    """The server did not plan a query; carries the error's class, never the server's message."""

    def __init__(self, error_class: str):
        super().__init__(f"The server did not plan the query: {error_class}.")
        self.error_class = error_class


class Executor:
    """A connection that runs queries one by one, each in its own read-only transaction that is rolled back.

    Opens on first use and again when the connection was lost. Not for several threads at once.
    """

    def __init__(
        self,
        dsn: str,
        search_path: str,
        statement_timeout_ms: int = 5000,
        row_cap: int = 10_000,
        byte_cap: int | None = None,
        role: str | None = None,
        schemas: Mapping[str, str] | None = None,
    ):
        """Prepare without connecting.

        Args:
            dsn: The server, as `postgresql://user:password@host:port/database`.
            search_path: The schema, or comma-separated schemas, that table names without a schema mean.
            statement_timeout_ms: The longest a statement may take.
            row_cap: The most rows that are read.
            byte_cap: The most bytes of values, as the server writes them in text, that are read; None for no cap. The
                row that goes beyond is left out. It is read from the server a few rows at a time, as many as should
                stay below the cap by the largest before them.
            role: The role that statements run as (`SET ROLE`); None for the one that connects.
            schemas: What the schemas that statements write stand for here: the canonical form names the business's,
                the sandbox has others.
        """
        self._dsn = dsn
        self._schemas = [name.strip() for name in search_path.split(",") if name.strip()]
        self._timeout_ms = statement_timeout_ms
        self._row_cap = row_cap
        self._byte_cap = byte_cap
        self._role = role
        self._schema_names = schemas or {}
        self._connection: psycopg.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @classmethod
    def standing_in(cls, dsn: str, sandboxes: Mapping[str, str], statement_timeout_ms: int = 5000) -> Self:
        """Prepare an executor of statements in canonical form on schemas that stand in for the business's.

        Args:
            dsn: The server, as the role auditune_sandbox.
            sandboxes: Business schema → the schema that its tables are read from.
            statement_timeout_ms: The longest a statement may take.
        """
        return cls(dsn, ",".join(sandboxes.values()), statement_timeout_ms, schemas=sandboxes)

    def close(self) -> None:
        """Close the connection, if one is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def run(self, sql: str, local_role: str | None = None) -> Execution:
        """Run one query and read at most the capped number of rows.

        Args:
            sql: One query that the guard has allowed.
            local_role: The role of this query alone (`SET LOCAL ROLE`); None for the connection's.

        Returns:
            The rows, or the class of the error.

        Raises:
            psycopg.OperationalError: The server cannot be reached at all.
        """
        self._connect()
        sql = in_schemas(sql, self._schema_names)
        started = time.perf_counter()
        try:
            columns, rows, is_truncated = self._in_transaction(
                lambda connection: self._read(connection, sql), local_role
            )
        except psycopg.Error as error:
            failed_ms = (time.perf_counter() - started) * 1000
            return Execution(None, (), 0, False, classify(error.sqlstate), error.sqlstate, failed_ms)
        elapsed_ms = (time.perf_counter() - started) * 1000
        return Execution(rows, columns, len(rows), is_truncated, None, None, elapsed_ms)

    def estimate(self, sql: str, local_role: str | None = None) -> Estimate:
        """What the planner expects of a query, without running it.

        Args:
            sql: One query that the guard has allowed.
            local_role: The role that it would run as; policies are part of the plan.

        Raises:
            QueryRefused: The server cannot plan the query.
        """
        plan = self._plan(sql, local_role)
        return Estimate(float(plan["Total Cost"]), int(plan["Plan Rows"]))

    def relations_read(self, sql: str) -> frozenset[str]:
        """The relations that the server would read for a query, as `schema.name`, by its own plan.

        Raises:
            QueryRefused: The server cannot plan the query.
        """
        return frozenset(
            f"{node['Schema']}.{node['Relation Name']}"
            for node in _plan_nodes(self._plan(sql, shows_schemas=True))
            if "Relation Name" in node
        )

    def _plan(self, sql: str, local_role: str | None = None, *, shows_schemas: bool = False) -> dict[str, Any]:
        sql = in_schemas(sql, self._schema_names)
        try:
            return self._in_transaction(lambda connection: _plan(connection, sql, shows_schemas), local_role)
        except psycopg.Error as error:
            refusal = QueryRefused(classify(error.sqlstate))
        raise refusal

    def _read(self, connection: psycopg.Connection, sql: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]], bool]:
        # A server-side cursor: the server stops after the capped rows, and takes nothing but one query.
        with connection.cursor(name="answer") as cursor:
            cursor.execute(sql.strip().rstrip(";").encode())
            columns = tuple(column.name for column in cursor.description or ())
            if self._byte_cap is None:
                rows = cursor.fetchmany(self._row_cap + 1)
                return columns, rows[: self._row_cap], len(rows) > self._row_cap
            return columns, *self._read_bytes(cursor, self._byte_cap)

    def _read_bytes(self, cursor: psycopg.ServerCursor, byte_cap: int) -> tuple[list[tuple[Any, ...]], bool]:
        """Reads a few rows at a time, so that little of what lies beyond the cap is sent; lengths are the server's."""
        rows: list[tuple[Any, ...]] = []
        count, read, largest = 1, 0, 1
        while fetched := cursor.fetchmany(count):
            for place, row in enumerate(fetched):
                length = sum(
                    len(cursor.pgresult.get_value(place, column) or b"") for column in range(cursor.pgresult.nfields)
                )
                read, largest = read + length, max(largest, length)
                if len(rows) == self._row_cap or read > byte_cap:
                    return rows, True
                rows.append(row)
            count = max(1, min(2 * count, _MOST_FETCHED, (byte_cap - read) // largest))
        return rows, False

    def _in_transaction(
        self, action: Callable[[psycopg.Connection], _Result], local_role: str | None = None
    ) -> _Result:
        connection = self._connect()
        try:
            return _rolled_back(connection, action, local_role)
        except psycopg.OperationalError:
            if not connection.closed:
                raise
            # The server went away since the last query; reading again is safe, and only once.
            return _rolled_back(self._connect(), action, local_role)

    def _connect(self) -> psycopg.Connection:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        connection = psycopg.connect(self._dsn, autocommit=True, application_name="auditune")
        connection.execute("set default_transaction_read_only = on")
        connection.execute(f"set statement_timeout = {int(self._timeout_ms)}")
        connection.execute(f"set lock_timeout = {min(int(self._timeout_ms), _LOCK_TIMEOUT_MS)}")
        connection.execute(f"set idle_in_transaction_session_timeout = {int(self._timeout_ms) * 2}")
        path = pgsql.SQL(", ").join(map(pgsql.Identifier, self._schemas)) if self._schemas else pgsql.SQL("''")
        connection.execute(pgsql.SQL("set search_path = {}").format(path))
        if self._role is not None:
            connection.execute(pgsql.SQL("set role {}").format(pgsql.Identifier(self._role)))
        connection.autocommit = False
        self._connection = connection
        return connection


def _rolled_back(
    connection: psycopg.Connection, action: Callable[[psycopg.Connection], _Result], local_role: str | None
) -> _Result:
    try:
        if local_role is not None:
            connection.execute(pgsql.SQL("set local role {}").format(pgsql.Identifier(local_role)))
        return action(connection)
    finally:
        if not connection.closed:
            connection.rollback()


def _plan(connection: psycopg.Connection, sql: str, shows_schemas: bool) -> dict[str, Any]:
    # `verbose` names the schemas, but also writes out every constant that the planner has computed.
    options = b"format json, verbose" if shows_schemas else b"format json"
    # `binary` takes the protocol that refuses several statements in one text, which the other would run.
    text = b"explain (%b) %b" % (options, sql.strip().rstrip(";").encode())
    plan = connection.execute(text, binary=True).fetchone()[0]
    document = json.loads(plan) if isinstance(plan, str) else plan
    return document[0]["Plan"]


def _plan_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _plan_nodes(child)
