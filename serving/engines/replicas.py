"""The replicas of an engine server: which are well, which gets the next request, what happens when one dies.

A replica is asked every two seconds whether it lives and has the adapters that are served. One that does not answer
gets no requests; it is let in again, without a hand, once it lives, has loaded the adapters anew (a restarted server
has forgotten them) and has shown that it keeps to a grammar. Requests go to the replica with the fewest in work.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import structlog

from serving.engines.engine import EngineBusy, EngineFailed
from serving.engines.replica import Replica, ReplicaRefused

log = structlog.get_logger(__name__)

_PROBE_SECONDS = 2.0
_PATIENCE = 2  # probes that may fail before a replica that still accepts connections is left out
# A request that kills a server must not go round and kill them all.
_ATTEMPTS = 2
_NO_CAPACITY = {429, 503}
_NOT_OPENAIS = (ValueError, LookupError, TypeError)  # what comes of reading another protocol's JSON


class Replicas:
    """A set of engine servers that hold the same adapters. Used in one event loop, which `start` is called in."""

    def __init__(self, urls: Sequence[str], *, limit: int, probe_seconds: float = _PROBE_SECONDS):
        """Prepare without connecting.

        Args:
            urls: Base addresses of the servers, without `/v1`.
            limit: Requests that may be in work on all of them together; more are refused.
            probe_seconds: Time between two looks at each.
        """
        self._urls = urls
        self._limit = limit
        self._probe_seconds = probe_seconds
        self._replicas: list[Replica] = []
        self._modules: dict[str, Path] = {}  # what every replica must have: names and folders of adapters
        self._in_flight = 0

    async def start(self) -> None:
        """Connect and begin to look at the replicas; those that are well are let in before this returns."""
        logging.getLogger("httpx").setLevel(logging.WARNING)  # a line a request is the API's own log's
        self._client = httpx.AsyncClient(
            # An answer takes as long as it takes; the caller's own limit ends the wait.
            timeout=httpx.Timeout(None, connect=2.0),
            # vLLM closes connections that were idle for five seconds; one must not be used at that moment.
            limits=httpx.Limits(max_connections=self._limit + 8, keepalive_expiry=2.0),
            trust_env=False,  # questions go to these servers and through no proxy
        )
        self._replicas = [Replica(self._client, url) for url in self._urls]
        await asyncio.gather(*(self._look_at(replica) for replica in self._replicas))
        self._watching = [asyncio.create_task(self._watch(replica)) for replica in self._replicas]

    async def stop(self) -> None:
        """Stop looking, and close the connections."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await self._client.aclose()

    def well(self) -> int:
        """Return how many replicas are let in."""
        return sum(replica.is_well for replica in self._replicas)

    def refusals(self) -> list[str]:
        """Return why replicas that answer are not let in."""
        return [replica.last_refusal for replica in self._replicas if not replica.is_well and replica.last_refusal]

    def in_flight(self) -> int:
        """Return how many requests are in work."""
        return self._in_flight

    def require(self, name: str, folder: Path) -> None:
        """Name an adapter that a replica must have before it is let in."""
        self._modules[name] = folder

    async def add_module(self, name: str, folder: Path) -> None:
        """Load an adapter on every replica that is let in; the others load it when they come back.

        Args:
            name: What requests call it.
            folder: Where it is, as the servers see it.

        Raises:
            ReplicaRefused: No replica is there, or one of them could not load it; then none keeps it.
        """
        if not self.well():
            raise ReplicaRefused("No engine server answers: start one, or correct AUDITUNE_ENGINE_URLS.")
        loaded: set[Replica] = set()
        # Again for those that were let in meanwhile: a request for the adapter may go to any of them.
        while missing := [replica for replica in self._replicas if replica.is_well and replica not in loaded]:
            results = await asyncio.gather(*(replica.load(name, folder) for replica in missing), return_exceptions=True)
            failures = [result for result in results if isinstance(result, BaseException)]
            if failures:
                await self.remove_module(name)
                if isinstance(failures[0], httpx.HTTPError):
                    raise ReplicaRefused("An engine server was lost while it loaded the adapter.") from failures[0]
                raise failures[0]
            loaded.update(missing)
        self.require(name, folder)

    async def remove_module(self, name: str) -> None:
        """Unload an adapter wherever it is loaded; a server that is away forgets it by itself."""
        self._modules.pop(name, None)
        for replica in self._replicas:
            if replica.is_well:
                with suppress(httpx.HTTPError):
                    await replica.unload(name)

    async def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        """Have one replica answer a request for a completion.

        A request is sent again, to another replica, only where the connection failed before there was a whole response:
        to generate twice changes nothing, and what is generated is run by the caller, once.

        Args:
            body: OpenAI's request.

        Returns:
            OpenAI's response.

        Raises:
            EngineBusy: Too many are in work here, or the replica says so of itself.
            EngineFailed: No replica is there, or the one that was asked failed.
        """
        if self._in_flight >= self._limit:
            raise EngineBusy
        self._in_flight += 1
        try:
            for _ in range(_ATTEMPTS):
                replica = self._least_busy()
                try:
                    response = await replica.complete(body)
                except httpx.TransportError as error:
                    self._leave_out(replica, type(error).__name__)
                    continue
                return self._read(replica, response)
        finally:
            self._in_flight -= 1
        raise EngineFailed("the engine servers were lost")

    def _least_busy(self) -> Replica:
        well = [replica for replica in self._replicas if replica.is_well]
        if not well:
            raise EngineFailed("no engine server answers")
        return min(well, key=lambda replica: replica.in_flight)

    def _read(self, replica: Replica, response: httpx.Response) -> dict[str, Any]:
        if response.status_code == httpx.codes.OK:
            try:
                return response.json()
            except ValueError as error:
                raise EngineFailed("the engine server's response is not JSON") from error
        if response.status_code in _NO_CAPACITY:
            raise EngineBusy
        if response.status_code == httpx.codes.NOT_FOUND:  # restarted since the last look, without the adapters
            self._leave_out(replica, "adapter not found")
        # The body may quote the prompt, so neither the log nor the caller gets it.
        log.error("engine server refused a request", server=replica.name, status=response.status_code)
        raise EngineFailed(f"the engine server answered with status {response.status_code}")

    def _leave_out(self, replica: Replica, why: str) -> None:
        if replica.is_well:
            replica.is_well = False
            log.warning("engine server left out", server=replica.name, why=why, still_in=self.well())

    async def _watch(self, replica: Replica) -> None:
        while True:
            await asyncio.sleep(self._probe_seconds)
            await self._look_at(replica)

    async def _look_at(self, replica: Replica) -> None:
        try:
            await replica.check()
            if not replica.is_well:
                await replica.prepare(dict(self._modules))
                if not await replica.has(self._modules):
                    return  # one came meanwhile, which the next look loads
                replica.is_well = True
                replica.last_refusal = None
                log.info("engine server let in", server=replica.name, now_in=self.well())
            elif not await replica.has(self._modules):
                self._leave_out(replica, "adapter not found")
            replica.failures = 0
        except (httpx.HTTPError, ReplicaRefused, *_NOT_OPENAIS) as error:
            replica.failures += 1
            if not isinstance(error, httpx.TimeoutException) or replica.failures >= _PATIENCE:
                self._leave_out(replica, type(error).__name__)
            reason = str(error) if isinstance(error, ReplicaRefused) else f"{type(error).__name__} when looked at"
            if not replica.is_well and reason != replica.last_refusal:
                replica.last_refusal = reason
                log.error("engine server not let in", server=replica.name, reason=reason)
