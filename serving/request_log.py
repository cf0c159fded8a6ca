"""The request log: a row of raw_serving.requests for every question, of raw_serving.feedback for every verdict.

A row is on disk, encrypted, before its answer is sent (`add` returns), so neither kill -9 nor an absent warehouse loses
it. Rows that arrive together share one sync of the disk. A thread of its own takes them from the spool to the
warehouse, in order, and again where it cannot know whether they arrived: a row's id makes it count once.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
import structlog
from psycopg_pool import ConnectionPool
from pydantic import ValidationError

from serving.metrics import Metrics
from serving.request_rows import FeedbackRow, RequestRow, Row, RowWriter, decode, encode
from serving.spool import Spool, SpoolFull
from serving.spool_segment import Part, Record

__all__ = ["FeedbackRow", "NotKept", "RequestLog", "RequestRow"]

log = structlog.get_logger(__name__)

_BATCH_ROWS = 100
_RETRY_SECONDS = 1.0
_IDLE_SECONDS = 1.0
_FLUSH_STEP_SECONDS = 0.005


class NotKept(Exception):
    """A row could be kept neither in the spool nor in the warehouse; its answer must not be sent."""


class RequestLog:
    """Makes rows durable, then writes them into the warehouse."""

    def __init__(self, pool: ConnectionPool, metrics: Metrics, spool: Spool, *, close_seconds: float = 10.0):
        """Starts the thread that writes.

        Args:
            pool: Connections to the warehouse.
            metrics: Counts rows by state.
            spool: Where rows wait; closed with the log.
            close_seconds: Longest wait for the warehouse when the API stops.
        """
        self._spool = spool
        self._close_seconds = close_seconds
        self._count = lambda state, rows: metrics.log_rows.labels(state).inc(rows)
        self._writer = RowWriter(pool, self._count)
        self._waiting: list[tuple[Row, bytes, asyncio.Future[None]]] = []
        self._keeping: asyncio.Task[None] | None = None
        self._keeper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="request-log-keep")
        self._has_news = threading.Event()
        self._is_closing = threading.Event()
        self._is_away = False
        self._drainer = threading.Thread(target=self._drain_until_closed, name="request-log", daemon=True)
        self._drainer.start()

    async def add(self, row: Row) -> None:
        """Keep a row; it is durable when this returns.

        Raises:
            NotKept: The spool is full, or neither disk nor warehouse takes the row.
        """
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append((row, encode(row), kept))
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep_waiting())
        await kept

    def is_full(self) -> bool:
        """Return whether a question asked now could not be logged."""
        return self._spool.is_full()

    def depth(self) -> int:
        """Return how many rows are not yet written."""
        return self._spool.depth()

    def age_seconds(self) -> float:
        """Return how long the oldest of them has waited."""
        return self._spool.age_seconds()

    def waiting_bytes(self) -> int:
        """Return their size on disk."""
        return self._spool.waiting_bytes()

    async def flush(self, seconds: float) -> bool:
        """Wait until every row that has been added is written.

        Returns:
            Whether that happened in time.
        """
        target, deadline = self._spool.appended, time.monotonic() + seconds
        while self._spool.confirmed < target and time.monotonic() < deadline:
            await asyncio.sleep(_FLUSH_STEP_SECONDS)
        return self._spool.confirmed >= target

    def close(self) -> None:
        """Write what waits, for a few seconds at most, and stop; the rest stays in the spool for the next start."""
        self._keeper.shutdown(wait=True)
        deadline = time.monotonic() + self._close_seconds
        while self._spool.confirmed < self._spool.appended and time.monotonic() < deadline:
            time.sleep(_FLUSH_STEP_SECONDS)
        if self.depth():
            log.warning("request rows stay in the spool, the warehouse is away", rows=self.depth())
        self._is_closing.set()
        self._has_news.set()
        self._drainer.join(self._close_seconds)
        self._spool.close()

    async def _keep_waiting(self) -> None:
        """Keep what has come meanwhile, all of it at once, until nothing more has."""
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                rows, payloads, futures = zip(*batch, strict=True)
                problem = await loop.run_in_executor(self._keeper, self._keep, rows, payloads)
                for kept in futures:
                    if kept.done():  # its caller has gone
                        continue
                    if problem is None:
                        kept.set_result(None)
                    else:
                        kept.set_exception(NotKept(problem))
        finally:
            self._keeping = None

    def _keep(self, rows: Sequence[Row], payloads: Sequence[bytes]) -> str | None:
        """Keep rows in the spool, or in the warehouse where the disk takes none; return what is wrong."""
        try:
            self._spool.append(payloads)
        except SpoolFull as error:
            return str(error)
        except OSError as disk:
            try:
                self._writer.write(rows)
            except psycopg.Error as warehouse:
                problem = f"{type(disk).__name__} {disk.errno}, {type(warehouse).__name__}"
                log.error("request rows can be kept nowhere", rows=len(rows), problem=problem)
                return problem
            log.warning("the spool cannot be written, rows go straight to the warehouse", errno=disk.errno)
        except Exception as error:  # whatever it is, the callers must hear of it
            log.error("request rows cannot be kept", rows=len(rows), error_class=type(error).__name__)
            return type(error).__name__
        self._has_news.set()
        return None

    def _drain_until_closed(self) -> None:
        while not self._is_closing.is_set():
            self._has_news.clear()
            try:
                part = self._spool.read(_BATCH_ROWS)
                if part.taken:
                    self._drain(part)
                elif not self._has_news.wait(_IDLE_SECONDS):
                    self._spool.tidy()
            except Exception as error:  # the thread must live on; the rows are safe where they are
                if not self._is_away:  # said once, not every second
                    log.warning("request rows wait", error_class=type(error).__name__)
                self._is_away = True
                self._is_closing.wait(_RETRY_SECONDS)

    def _drain(self, part: Part) -> None:
        """Write a part of the spool and remove it there."""
        rows = [row for record in part.records if (row := self._decode(record)) is not None]
        if rows:
            self._writer.write(rows)
        if part.damaged:
            self._count("damaged", part.damaged)
        if self._is_away:
            log.info("request rows are written again")
            self._is_away = False
        self._spool.confirm()

    def _decode(self, record: Record) -> Row | None:
        try:
            return decode(record.payload)
        except ValidationError:
            self._count("refused", 1)
            log.error("a row of the spool is not of this version of the API")
            return None
