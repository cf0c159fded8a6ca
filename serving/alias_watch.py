"""Follows the aliases `champion` and `challenger` while the API runs, without a moment in which nothing answers.

An adapter that an alias has moved to is loaded beside those that serve, proved, and put in their place by one
assignment; requests in work keep the adapter that they began with. Whatever goes wrong on the way, the one before
stays, and a row of raw_serving.adapter_events says so.
"""

import asyncio
import time
from collections.abc import Sequence

import psycopg
import structlog

from serving.adapter_event import AdapterEvent
from serving.adapters import Adapters, AdapterSource, Served
from serving.canary_questions import CANARY_QUESTIONS, CanaryFailed, prove
from serving.database import Database
from serving.startup import StartupError
from training.registry import CHALLENGER, CHAMPION

log = structlog.get_logger(__name__)

_LONGEST_WAIT_SECONDS = 3600.0


class AliasWatch:
    """Looks at the registry from time to time."""

    def __init__(
        self,
        adapters: Adapters,
        source: AdapterSource,
        database: Database,
        *,
        poll_seconds: float,
        has_challenger: bool,
    ):
        """Prepare.

        Args:
            adapters: What is served.
            source: Where adapters are loaded.
            database: The warehouse, with the registry.
            poll_seconds: Time between two looks.
            has_challenger: Whether the challenger answers a share of the requests.
        """
        self._adapters = adapters
        self._source = source
        self._database = database
        self._poll_seconds = poll_seconds
        self._aliases = (CHAMPION, CHALLENGER) if has_challenger else (CHAMPION,)
        self._waits: dict[tuple[str, str], _Wait] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._poll_seconds)

    async def look(self) -> None:
        """Look once, and follow what has moved."""
        try:
            pointed = await asyncio.to_thread(self._database.read_aliases)
        except psycopg.Error as error:
            log.warning("aliases not read", error_class=type(error).__name__)
            return
        for alias in self._aliases:
            adapter_id = pointed.get(alias)
            if adapter_id is not None:
                await self._follow(alias, adapter_id)

    async def _follow(self, alias: str, adapter_id: str) -> None:
        present = self._adapters.get(alias)
        if alias == CHALLENGER and adapter_id == self._adapters.champion.adapter_id:
            if present is not None:
                self._adapters.put(CHALLENGER, None)  # it won: nothing is left to compare
            return
        if present is not None and present.champion.adapter_id == adapter_id:
            return
        wait = self._waits.get((alias, adapter_id))
        if wait is None or wait.is_over():
            await self._change(alias, adapter_id)

    async def _change(self, alias: str, adapter_id: str) -> None:
        started = time.monotonic()
        log.info("alias moved", alias=alias, adapter_id=adapter_id)
        questions: Sequence[str] = ()
        passed, reason = 0, None
        served = self._adapters.find(adapter_id)  # the other alias may stand for it already
        is_loaded_here = served is None
        try:
            if served is None:
                questions = await asyncio.to_thread(self._database.read_canary_questions, adapter_id, CANARY_QUESTIONS)
                served = self._adapters.serve(await self._source.load(adapter_id))
                passed = await prove(served, questions)
        except StartupError as error:
            reason = str(error)
        except CanaryFailed as error:
            reason, passed = str(error), error.passed
        except Exception as error:  # whatever it is, what serves must go on serving
            # The message may quote anything, so only the error's class is kept.
            reason = f"It could not be loaded ({type(error).__name__}): the API's log has the time."
        if reason is None:
            self._adapters.put(alias, served)
            self._waits.pop((alias, adapter_id), None)
        else:
            if served is not None and is_loaded_here:
                self._adapters.discard(served)
            self._wait_for(alias, adapter_id)
        await self._tell(alias, adapter_id, reason, len(questions), passed, time.monotonic() - started)

    def _wait_for(self, alias: str, adapter_id: str) -> None:
        """Tries again later, each time twice as late: a fault of the moment heals, one of the adapter does not."""
        before = self._waits.get((alias, adapter_id))
        seconds = self._poll_seconds if before is None else min(2 * before.seconds, _LONGEST_WAIT_SECONDS)
        self._waits = {(alias, adapter_id): _Wait(seconds)} | {
            key: wait for key, wait in self._waits.items() if key[0] != alias
        }

    async def _tell(
        self, alias: str, adapter_id: str, reason: str | None, asked: int, passed: int, seconds: float
    ) -> None:
        serving: Served | None = self._adapters.get(alias)
        event = AdapterEvent(
            alias=alias,
            adapter_id=adapter_id,
            serving_adapter_id=None if serving is None else serving.champion.adapter_id,
            event="swapped" if reason is None else "refused",
            reason=reason,
            canaries_asked=asked,
            canaries_passed=passed,
            seconds=seconds,
        )
        level = log.info if reason is None else log.error
        level("adapter " + event.event, alias=alias, adapter_id=adapter_id, reason=reason, seconds=round(seconds, 1))
        try:
            await asyncio.to_thread(self._database.store_adapter_event, event)
        except psycopg.Error as error:
            log.error("adapter event not stored", error_class=type(error).__name__)


class _Wait:
    """How long an adapter that failed is left alone."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    def is_over(self) -> bool:
        return time.monotonic() >= self._until
