"""The engine around a model in this process. One worker thread answers waiting questions together.

A model's forward pass costs nearly the same for one question as for a few, so what waits is answered at once. A model
that takes questions between its steps gets each as soon as there is a place for it (continuous batching); any other
gets them a batch at a time. The queue is bounded: where it is full the question is refused, so that waiting time and
memory stay bounded.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import structlog

from serving.engines.engine import EngineBusy, EngineFailed

if TYPE_CHECKING:
    from training.generation import Generation

log = structlog.get_logger(__name__)

Generate = Callable[[list[str]], "list[Generation]"]


class Batch(Protocol):
    """Questions in work; one thread at a time uses it."""

    def __len__(self) -> int:
        """Return how many questions are not answered yet."""
        ...

    def add(self, key: Hashable, question: str, candidates: int = 1) -> None:
        """Take a question; its answer will be known by the key."""
        ...

    def step(self) -> "list[tuple[Hashable, Generation]]":
        """Work on all questions for a while, and return the answers that are ready."""
        ...

    def drop(self, key: Hashable) -> None:
        """Give a question up, if it is not answered yet."""
        ...


@runtime_checkable
class Joinable(Protocol):
    """A model that takes questions while it answers others, such as `training.checked.CheckedGenerator`."""

    def open_batch(self) -> Batch:
        """Return a batch without questions."""
        ...


@dataclass(eq=False)
class _Asked:
    question: str
    future: "Future[Generation]"
    candidates: int = 1
    is_left: bool = False  # whoever asked has gone


class MicroBatchEngine:
    """Engine in this process around a model."""

    def __init__(self, generate: Generate | Joinable, *, queue_size: int, batch_size: int, timeout_seconds: float):
        """Start the worker.

        Args:
            generate: The model: a function that answers a list of questions, or one that questions can join.
            queue_size: Most questions that wait.
            batch_size: Most questions in work.
            timeout_seconds: Longest wait for an answer.
        """
        self._batch: Batch = generate.open_batch() if isinstance(generate, Joinable) else _WholeBatch(generate)
        self._batch_size = batch_size
        self._timeout_seconds = timeout_seconds
        self._waiting: queue.Queue[_Asked | None] = queue.Queue(maxsize=queue_size)
        self._in_work: set[_Asked] = set()
        self._is_closed = threading.Event()
        self._worker = threading.Thread(target=self._work, name="engine", daemon=True)
        self._worker.start()

    async def generate(self, question: str, candidates: int = 1) -> "Generation":
        """Queue a question and wait for its answer; see `serving.engines.engine.Engine`."""
        asked = _Asked(question, Future(), candidates)
        try:
            self._waiting.put_nowait(asked)
        except queue.Full as error:
            raise EngineBusy from error
        try:
            return await asyncio.wait_for(asyncio.wrap_future(asked.future), self._timeout_seconds)
        except TimeoutError as error:
            raise EngineFailed(f"no answer within {self._timeout_seconds:g} seconds") from error
        finally:
            asked.is_left = True

    def queue_depth(self) -> int:
        """Return how many questions wait."""
        return self._waiting.qsize()

    def close(self) -> None:
        """Let the questions in work be answered, then fail what still waits."""
        self._is_closed.set()
        with suppress(queue.Full):  # a full queue needs nothing more to wake the worker
            self._waiting.put_nowait(None)
        self._worker.join()
        with suppress(queue.Empty):
            while True:
                asked = self._waiting.get_nowait()
                if asked is not None and asked.future.set_running_or_notify_cancel():
                    asked.future.set_exception(EngineFailed("the API is stopping"))

    def _work(self) -> None:
        while self._in_work or not self._is_closed.is_set():
            if not self._is_closed.is_set():
                self._take()
            if self._in_work:
                self._step()

    def _take(self) -> None:
        """Take what waits, as far as there are places; where nothing is in work, wait for a question."""
        with suppress(queue.Empty):
            while len(self._in_work) < self._batch_size:
                asked = self._waiting.get_nowait() if self._in_work else self._waiting.get()
                if asked is None:
                    return
                if asked.future.set_running_or_notify_cancel():  # False: its caller has gone
                    self._in_work.add(asked)
                    self._batch.add(asked, asked.question, asked.candidates)

    def _step(self) -> None:
        try:
            answers = self._batch.step()
            for asked in [asked for asked in self._in_work if asked.is_left]:
                self._batch.drop(asked)
                self._in_work.discard(asked)
        except Exception as error:  # whatever the model raises: the worker must live on
            # The message may quote a question, so neither the log nor the callers get it.
            log.error("generation failed", error_class=type(error).__name__, questions=len(self._in_work))
            for asked in self._in_work:
                self._batch.drop(asked)
                asked.future.set_exception(EngineFailed("the model failed"))
            self._in_work.clear()
            return
        for asked, generation in answers:
            self._in_work.discard(asked)
            asked.future.set_result(generation)


class _WholeBatch:
    """A batch around a function that answers a list of questions at once."""

    def __init__(self, generate: Generate):
        self._generate = generate
        self._questions: dict[Hashable, str] = {}

    def __len__(self) -> int:
        return len(self._questions)

    def add(self, key: Hashable, question: str, _candidates: int = 1) -> None:
        self._questions[key] = question  # such a function gives one answer each

    def step(self) -> "list[tuple[Hashable, Generation]]":
        answers = self._generate(list(self._questions.values()))
        keys = list(self._questions)
        self._questions.clear()
        return list(zip(keys, answers, strict=True))

    def drop(self, key: Hashable) -> None:
        self._questions.pop(key, None)
