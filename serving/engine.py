"""The engine: questions to SQL. One worker thread answers waiting questions together, in micro-batches.

A model's forward pass costs nearly the same for one question as for a few, so what waits is answered at once.
The queue is bounded: where it is full the question is refused, so that waiting time and memory stay bounded.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

if TYPE_CHECKING:
    from training.generation import Generation

log = structlog.get_logger(__name__)

Generate = Callable[[list[str]], "list[Generation]"]


class EngineBusy(Exception):
    """The queue is full; ask again shortly."""


class EngineFailed(Exception):
    """The model did not produce an answer."""


class Engine(Protocol):
    """Whatever turns a question into SQL."""

    async def generate(self, question: str) -> "Generation":
        """Return the generated SQL with its token counts.

        Raises:
            EngineBusy: The queue is full.
            EngineFailed: The model failed or took too long.
        """
        ...

    def queue_depth(self) -> int:
        """Return how many questions wait."""
        ...

    def close(self) -> None:
        """Stop; questions that still wait fail."""
        ...


@dataclass(frozen=True)
class _Waiting:
    question: str
    future: "Future[Generation]"


class MicroBatchEngine:
    """Engine in this process around a function that answers a list of questions, such as `Generator.generate`."""

    def __init__(self, generate: Generate, *, queue_size: int, batch_size: int, timeout_seconds: float):
        self._generate = generate
        self._batch_size = batch_size
        self._timeout_seconds = timeout_seconds
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(maxsize=queue_size)
        self._is_closed = threading.Event()
        self._worker = threading.Thread(target=self._work, name="engine", daemon=True)
        self._worker.start()

    async def generate(self, question: str) -> "Generation":
        """Queue a question and wait for its answer; see `Engine`."""
        future: Future[Generation] = Future()
        try:
            self._waiting.put_nowait(_Waiting(question, future))
        except queue.Full as error:
            raise EngineBusy from error
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._timeout_seconds)
        except TimeoutError as error:
            raise EngineFailed(f"no answer within {self._timeout_seconds:g} seconds") from error

    def queue_depth(self) -> int:
        """Return how many questions wait."""
        return self._waiting.qsize()

    def close(self) -> None:
        """Let the running batch finish, then fail what still waits."""
        self._is_closed.set()
        with suppress(queue.Full):  # a full queue needs nothing more to wake the worker
            self._waiting.put_nowait(None)
        self._worker.join()
        while (batch := self._next_batch(wait=False)) is not None:
            for waiting in batch:
                waiting.future.set_exception(EngineFailed("the API is stopping"))

    def _work(self) -> None:
        while not self._is_closed.is_set():
            batch = self._next_batch(wait=True)
            if batch:
                self._answer(batch)

    def _next_batch(self, *, wait: bool) -> list[_Waiting] | None:
        """Take what waits, up to one batch; None where nothing does. Questions whose caller has gone are dropped."""
        taken: list[_Waiting | None] = []
        try:
            taken.append(self._waiting.get() if wait else self._waiting.get_nowait())
            while len(taken) < self._batch_size:
                taken.append(self._waiting.get_nowait())
        except queue.Empty:
            if not taken:
                return None
        return [waiting for waiting in taken if waiting and waiting.future.set_running_or_notify_cancel()]

    def _answer(self, batch: list[_Waiting]) -> None:
        try:
            generations = self._generate([waiting.question for waiting in batch])
        except Exception as error:  # whatever the model raises: the worker must live on
            # The message may quote the question, so neither the log nor the callers get it.
            log.error("generation failed", error_class=type(error).__name__, questions=len(batch))
            for waiting in batch:
                waiting.future.set_exception(EngineFailed("the model failed"))
            return
        for waiting, generation in zip(batch, generations, strict=True):
            waiting.future.set_result(generation)
