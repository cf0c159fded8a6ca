"""Rows of the request log: what is kept of a question and of a verdict, and how they get into the warehouse."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID, uuid4

import psycopg
import structlog
from psycopg_pool import ConnectionPool
from pydantic import Field, TypeAdapter

log = structlog.get_logger(__name__)

_HERE = Path(__file__).parent
_INSERT = {
    "request": (_HERE / "insert_request.sql").read_text(),
    "feedback": (_HERE / "insert_feedback.sql").read_text(),
}
# Errors that are about one row's values: data, constraints, limits, an error raised by a function, a statement that
# took too long. All others (no connection, a function that dbt is replacing) pass, and the rows wait.
_ROW_ERRORS = ("22", "23", "54", "P0", "57014")


@dataclass(frozen=True)
class RequestRow:
    """One question and what became of it; columns of raw_serving.requests. `question` and `sql` are in clear here."""

    request_id: UUID
    route: str
    question: str
    sql: str | None
    outcome: str
    is_executed: bool
    error_class: str | None
    row_count: int | None
    generation_ms: float | None
    execution_ms: float | None
    latency_ms: float
    prompt_tokens: int
    completion_tokens: int
    adapter_id: str | None
    base_model: str | None
    key_id: str | None = None
    requested_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    kind: Literal["request"] = "request"


@dataclass(frozen=True)
class FeedbackRow:
    """One verdict; columns of raw_serving.feedback. The texts are in clear here."""

    request_id: UUID
    verdict: str
    corrected_sql: str | None
    comment: str | None
    feedback_id: UUID = field(default_factory=uuid4)
    given_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    kind: Literal["feedback"] = "feedback"


Row = RequestRow | FeedbackRow
_ROW: TypeAdapter[Row] = TypeAdapter(Annotated[Row, Field(discriminator="kind")])


def encode(row: Row) -> bytes:
    """Return a row as bytes."""
    return _ROW.dump_json(row)


def decode(payload: bytes) -> Row:
    """Return the row that `encode` was given.

    Raises:
        pydantic.ValidationError: Another version of the API has written it.
    """
    return _ROW.validate_json(payload)


class RowWriter:
    """Writes rows into the warehouse, each once however often it is written. Texts are pseudonymized there."""

    def __init__(self, pool: ConnectionPool, count: Callable[[str, int], None]):
        """Prepares.

        Args:
            pool: Connections as auditune_api.
            count: Is told a state (`written`, `without_text`, `refused`) and a number of rows.
        """
        self._pool = pool
        self._count = count

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows in order, in one transaction; where one is refused, each by itself.

        A row whose texts the warehouse cannot treat is written without them; one that it refuses still is left out,
        counted and named in the log.

        Raises:
            psycopg.Error: The warehouse takes no rows now; write them again later.
        """
        try:
            with self._pool.connection() as conn, conn.transaction():
                written = sum(_insert(conn, row).rowcount for row in rows)
            self._count("written", written)
        except psycopg.Error as error:
            if not is_about_a_row(error):
                raise
            for row in rows:
                self._write_alone(row)

    def _write_alone(self, row: Row) -> None:
        for state, keeps_text in (("written", True), ("without_text", False)):
            try:
                with self._pool.connection() as conn:
                    self._count(state, _insert(conn, row, keeps_text=keeps_text).rowcount)
            except psycopg.Error as error:
                if not is_about_a_row(error):
                    raise
                # The message may quote the row, so only the error's class is kept.
                log.error(
                    "request row refused" if not keeps_text else "the texts of a request row are refused",
                    refused_request_id=str(row.request_id),
                    kind=row.kind,
                    error_class=type(error).__name__,
                )
            else:
                return
        self._count("refused", 1)


def is_about_a_row(error: psycopg.Error) -> bool:
    """Return whether an error is about a row's own values, so that it would come again."""
    state = error.sqlstate or ""
    # A text that cannot be sent at all has no SQLSTATE: psycopg refuses it.
    return state.startswith(_ROW_ERRORS) or (not state and isinstance(error, psycopg.DataError))


def _insert(conn: psycopg.Connection, row: Row, *, keeps_text: bool = True) -> psycopg.Cursor:
    return conn.execute(_INSERT[row.kind], {**asdict(row), "keeps_text": keeps_text})
