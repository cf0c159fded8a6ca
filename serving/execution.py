"""Runs guarded SQL on the business schemas as auditune_reader, a few statements at a time; called by `answer`."""

import asyncio
import queue
from concurrent.futures import ThreadPoolExecutor

from training.sql.sandbox import Execution, Executor


class TooExpensive(Exception):
    """PostgreSQL's planner expects the statement to cost more than the ceiling."""


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
        cost_ceiling: float,
    ):
        self._cost_ceiling = cost_ceiling
        self._threads = ThreadPoolExecutor(max_workers=connections, thread_name_prefix="reader")
        self._idle: queue.SimpleQueue[Executor] = queue.SimpleQueue()
        for _ in range(connections):
            self._idle.put(Executor(dsn, search_path, statement_timeout_ms=statement_timeout_ms, row_cap=row_cap))

    async def run(self, sql: str) -> Execution:
        """Run one statement.

        Args:
            sql: A statement that the guard allowed.

        Raises:
            TooExpensive: It was not run.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, sql)

    def close(self) -> None:
        """Let running statements finish, then close the connections."""
        self._threads.shutdown(wait=True)
        while not self._idle.empty():
            self._idle.get().close()

    def _run(self, sql: str) -> Execution:
        executor = self._idle.get()  # never waits: there are as many executors as threads
        try:
            if executor.estimate_cost(sql) > self._cost_ceiling:
                raise TooExpensive
            return executor.run(sql)
        finally:
            self._idle.put(executor)
