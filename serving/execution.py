"""Runs guarded SQL on the business schemas as auditune_reader, a few statements at a time; called by `answer`."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from psycopg.conninfo import make_conninfo

from training.sql.sandbox import Estimate, Execution, Executor, QueryRefused

_CONNECT_SECONDS = 5
_WAITING_PER_CONNECTION = 32  # more are refused; at the usual few milliseconds each they wait a tenth of a second

_Result = TypeVar("_Result")


class NotRun(Exception):
    """The statement was not run: PostgreSQL cannot plan it, or expects it to cost more than the ceiling.

    Attributes:
        error_class: A class of `training.sql.sandbox.classify`, or `too_expensive`.
    """

    def __init__(self, error_class: str):
        super().__init__(f"The statement was not run: {error_class}.")
        self.error_class = error_class


class ReaderBusy(Exception):
    """Too many statements wait for a connection; ask again shortly."""


class Reader:
    """A fixed number of executors, each with a connection of its own and used by one thread at a time."""

    def __init__(
        self,
        dsn: str,
        *,
        search_path: str,
        connections: int,
        statement_timeout_ms: int,
        row_cap: int,
        byte_cap: int,
        cost_ceiling: float,
    ):
        self._cost_ceiling = cost_ceiling
        self._threads = ThreadPoolExecutor(max_workers=connections, thread_name_prefix="reader")
        self._idle: queue.SimpleQueue[Executor] = queue.SimpleQueue()
        # Without it a warehouse that swallows packets would hold a thread for minutes.
        dsn = make_conninfo(dsn, connect_timeout=_CONNECT_SECONDS)
        for _ in range(connections):
            self._idle.put(
                Executor(
                    dsn, search_path, statement_timeout_ms=statement_timeout_ms, row_cap=row_cap, byte_cap=byte_cap
                )
            )
        self._lock = threading.Lock()  # statements end in threads of their own
        self._in_work, self._connections = 0, connections
        self._most = connections * (1 + _WAITING_PER_CONNECTION)

    async def run(self, sql: str, database_role: str | None = None) -> Execution:
        """Run one statement.

        Args:
            sql: A statement that the guard allowed.
            database_role: Role to run it as, so that row-level security holds; None for the one that connects.

        Raises:
            NotRun: It cannot be planned, or costs too much.
            ReaderBusy: Too many statements wait.
        """
        return await self._in_thread(self._run, sql, database_role)

    async def estimate(self, sql: str, database_role: str | None = None) -> Estimate:
        """Ask the planner about one statement, without running it.

        Args:
            sql: A statement that the guard allowed.
            database_role: Role that it would run as; policies are part of the plan.

        Raises:
            NotRun: It cannot be planned.
            ReaderBusy: Too many statements wait.
        """
        return await self._in_thread(Executor.estimate, sql, database_role)

    async def is_reachable(self) -> bool:
        """Return whether the warehouse answers this role; it does where all connections are at work."""
        if self._in_work >= self._connections:
            return True
        try:
            await self.estimate("select 1")
        except NotRun:
            return False
        return True

    def is_too_expensive(self, estimate: Estimate) -> bool:
        """Return whether a statement is expected to cost too much to be run."""
        return estimate.cost > self._cost_ceiling

    def close(self) -> None:
        """Let running statements finish, then close the connections."""
        self._threads.shutdown(wait=True)
        while not self._idle.empty():
            self._idle.get().close()

    async def _in_thread(self, action: Callable[..., _Result], sql: str, database_role: str | None) -> _Result:
        if self._in_work >= self._most:
            raise ReaderBusy
        with self._lock:
            self._in_work += 1
        future = self._threads.submit(self._with_executor, action, sql, database_role)
        future.add_done_callback(self._count_down)
        return await asyncio.wrap_future(future)

    def _count_down(self, _future: Future) -> None:
        with self._lock:
            self._in_work -= 1

    def _with_executor(self, action: Callable[..., _Result], sql: str, database_role: str | None) -> _Result:
        executor = self._idle.get()  # never waits: there are as many executors as threads
        try:
            return action(executor, sql, database_role)
        except QueryRefused as error:
            raise NotRun(error.error_class) from error
        finally:
            self._idle.put(executor)

    def _run(self, executor: Executor, sql: str, database_role: str | None) -> Execution:
        if self.is_too_expensive(executor.estimate(sql, database_role)):
            raise NotRun("too_expensive")
        return executor.run(sql, database_role)
