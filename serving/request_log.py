"""The request log: a row of raw_serving.requests for every question, written by a thread of its own.

Answers never wait for the log. While the warehouse is away, rows wait in a bounded queue in memory (they hold the
question in clear, so they are not written to disk); past the bound they are dropped, and counted.
"""

import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import ConnectionPool

from serving.metrics import Metrics

log = structlog.get_logger(__name__)

_INSERT = (Path(__file__).parent / "insert_request.sql").read_text()
_BATCH_ROWS = 100
_RETRY_SECONDS = 1.0
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)


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
    key_id: str | None
    adapter_id: str | None
    base_model: str | None
    requested_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class RequestLog:
    """Takes rows without waiting and writes them in batches, in order."""

    def __init__(self, pool: ConnectionPool, metrics: Metrics, *, queue_size: int, close_seconds: float = 10.0):
        self._pool = pool
        self._metrics = metrics
        self._close_seconds = close_seconds
        self._rows: queue.Queue[RequestRow | None] = queue.Queue(maxsize=queue_size)
        self._unwritten = threading.Condition()
        self._pending = 0
        self._is_closing = threading.Event()
        self._writer = threading.Thread(target=self._write_until_closed, name="request-log", daemon=True)
        self._writer.start()

    def add(self, row: RequestRow) -> None:
        """Queue a row; where the queue is full, drop and count it."""
        with self._unwritten:
            try:
                self._rows.put_nowait(row)
            except queue.Full:
                self._metrics.log_rows.labels("dropped").inc()
                log.warning("request row dropped, the queue is full", dropped_request_id=str(row.request_id))
                return
            self._pending += 1

    def depth(self) -> int:
        """Return how many rows are not yet written."""
        return self._pending

    def flush(self, seconds: float) -> bool:
        """Wait until every queued row is written.

        Returns:
            Whether that happened in time.
        """
        with self._unwritten:
            return self._unwritten.wait_for(lambda: self._pending == 0, timeout=seconds)

    def close(self) -> None:
        """Write what waits, for a few seconds at most, and stop."""
        if not self.flush(self._close_seconds):
            log.error("request rows lost at shutdown, the warehouse is away", rows=self.depth())
        self._is_closing.set()
        with suppress(queue.Full):  # a full queue needs nothing more to wake the writer
            self._rows.put_nowait(None)
        self._writer.join(self._close_seconds)

    def _write_until_closed(self) -> None:
        while not self._is_closing.is_set():
            batch = self._take_batch()
            while batch and not self._is_closing.is_set():
                try:
                    self._write(batch)
                except _AWAY as error:
                    log.warning("request rows wait, the warehouse is away", error_class=type(error).__name__)
                    self._is_closing.wait(_RETRY_SECONDS)
                    continue
                with self._unwritten:
                    self._pending -= len(batch)
                    self._unwritten.notify_all()
                break

    def _take_batch(self) -> list[RequestRow]:
        taken = [self._rows.get()]
        with suppress(queue.Empty):
            while len(taken) < _BATCH_ROWS:
                taken.append(self._rows.get_nowait())
        return [row for row in taken if row is not None]

    def _write(self, batch: Sequence[RequestRow]) -> None:
        """Write each row by itself, so that one the warehouse refuses does not take the others with it."""
        with self._pool.connection() as conn:
            for row in batch:
                try:
                    written = conn.execute(_INSERT, asdict(row)).rowcount
                except _AWAY:
                    raise
                except Exception as error:  # one row must not stop the log, whatever is wrong with it
                    # The message may quote the row, so only the error's class is kept.
                    self._metrics.log_rows.labels("refused").inc()
                    log.error(
                        "request row refused", refused_request_id=str(row.request_id), error_class=type(error).__name__
                    )
                else:
                    self._metrics.log_rows.labels("written").inc(written)
