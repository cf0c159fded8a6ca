"""The adapters that are served: the champion, a challenger beside it, and those that leave after their last answer.

All of this happens in the event loop's thread, so that a change of adapter is one assignment and needs no lock.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from serving.answer import Answerer
from serving.engines.engine import Engine
from training.confidence import Calibration
from training.registry import CHALLENGER, CHAMPION
from training.sql.catalog import Catalog

if TYPE_CHECKING:
    from training.generation import Generation


@dataclass(frozen=True)
class Champion:
    """An adapter ready to answer: the champion, or the challenger beside it.

    Attributes:
        catalog: What the reader can read of the catalog that the adapter was trained on; grammar and guard use it.
        created: When it was released, in Unix seconds.
        generate: Questions to SQL, in order, by a model in this process; None where `engine` answers.
        engine: What answers where the model is in other processes.
        calibration: From which confidence on it answers; None where it always does.
    """

    adapter_id: str
    base_model: str
    catalog: Catalog
    created: int
    generate: "Callable[[list[str]], list[Generation]] | None" = None
    engine: Engine | None = None
    calibration: Calibration | None = None


class AdapterSource(Protocol):
    """Where adapters are loaded: in this process, or on engine servers."""

    async def start(self) -> None:
        """Begin, in the event loop that the API runs in."""
        ...

    async def load(self, adapter_id: str) -> Champion:
        """Load an adapter beside those that are loaded.

        Raises:
            StartupError: It cannot be loaded; the message says what to do.
        """
        ...

    async def unload(self, champion: Champion) -> None:
        """Give back what an adapter took."""
        ...

    async def stop(self) -> None:
        """Give back everything else."""
        ...

    def is_available(self) -> bool:
        """Return whether questions can be answered now."""
        ...


@dataclass(eq=False)
class Served:
    """An adapter with what answers for it, and the number of questions that it is answering."""

    champion: Champion
    engine: Engine
    answerer: Answerer
    in_flight: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.idle.set()


class Adapters:
    """Which adapter answers which request."""

    def __init__(
        self,
        champion: Champion,
        *,
        serve: Callable[[Champion], Served],
        source: AdapterSource | None = None,
        canary: float = 0.0,
    ):
        """Serve a champion.

        Args:
            champion: The adapter that answers from now on.
            serve: Starts what answers for an adapter.
            source: Where adapters are unloaded; None where they never change.
            canary: Share of requests, 0 to 1, that go to the challenger while there is one.
        """
        self._serve = serve
        self._source = source
        self._canary = canary
        self._by_alias: dict[str, Served] = {CHAMPION: serve(champion)}
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def champion(self) -> Champion:
        """The adapter that answers unless a request goes to the challenger."""
        return self._by_alias[CHAMPION].champion

    def serve(self, champion: Champion) -> Served:
        """Start what answers for an adapter that is not served yet; `put` serves it, `discard` gives it back."""
        return self._serve(champion)

    def get(self, alias: str) -> Served | None:
        """Return what an alias stands for."""
        return self._by_alias.get(alias)

    def find(self, name: str) -> Served | None:
        """Return what is served under an alias or an adapter's id."""
        by_id = {served.champion.adapter_id: served for served in self._by_alias.values()}
        return self._by_alias.get(name) or by_id.get(name)

    def names(self) -> dict[str, Champion]:
        """Return every name that a request may give as its model: the aliases, then the ids."""
        aliases = {alias: served.champion for alias, served in self._by_alias.items()}
        return aliases | {champion.adapter_id: champion for champion in aliases.values()}

    @contextmanager
    def lease(self, request_id: UUID, name: str = CHAMPION) -> Iterator[Served]:
        """Choose the adapter for a request, and keep it until the request is answered.

        Args:
            request_id: Its hash decides whether a request for the champion goes to the challenger.
            name: An alias or an id that `names` holds.
        """
        challenger = self._by_alias.get(CHALLENGER)
        if name == CHAMPION and challenger is not None and is_canary(request_id, self._canary):
            served = challenger
        else:
            served = self.find(name) or self._by_alias[CHAMPION]  # it may have left since the name was checked
        served.in_flight += 1
        served.idle.clear()
        try:
            yield served
        finally:
            served.in_flight -= 1
            if served.in_flight == 0:
                served.idle.set()

    def put(self, alias: str, served: Served | None) -> None:
        """Let an alias stand for another adapter from the next request on; the one before leaves once it is idle.

        Args:
            alias: `champion` or `challenger`.
            served: None takes the alias away.
        """
        old = self._by_alias.get(alias)
        if served is None:
            self._by_alias.pop(alias, None)
        else:
            self._by_alias[alias] = served
        if old is not None and old not in self._by_alias.values():
            self.discard(old)

    def discard(self, served: Served) -> None:
        """Give an adapter back as soon as it has answered what it was asked."""
        task = asyncio.create_task(self._leave(served))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def queue_depth(self) -> int:
        """Return how many questions wait."""
        return sum(served.engine.queue_depth() for served in set(self._by_alias.values()))

    async def close(self) -> None:
        """Stop everything; questions that still wait fail."""
        for served in set(self._by_alias.values()):
            await asyncio.to_thread(served.engine.close)
        for task in list(self._leaving):
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _leave(self, served: Served) -> None:
        try:
            await served.idle.wait()
        finally:  # also where the API stops meanwhile: a worker thread would keep the process
            await asyncio.to_thread(served.engine.close)
        if self._source is not None:
            await self._source.unload(served.champion)


def is_canary(request_id: UUID, share: float) -> bool:
    """Decide whether a request is one of the share that goes to the challenger; the same request always gets the same.

    Args:
        request_id: Id of the request.
        share: 0 to 1.
    """
    number = int.from_bytes(hashlib.sha256(request_id.bytes).digest()[:8], "big")
    return number < share * 2**64
