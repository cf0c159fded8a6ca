"""Which adapter answers which request, and how one leaves."""

import asyncio
from uuid import UUID

import pytest

from serving.adapters import Adapters, Champion, Served, is_canary
from serving.settings import Settings
from training.registry import CHALLENGER, CHAMPION

REQUESTS = [UUID(int=number) for number in range(10_000)]


class Engine:
    """An engine that knows whether it was closed."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True

    def queue_depth(self) -> int:
        return 1


def serve(champion: Champion) -> Served:
    return Served(champion, Engine(), answerer=None)


def adapter(adapter_id: str, catalog) -> Champion:
    return Champion(adapter_id, "base", catalog, 0)


def test_a_tenth_of_the_requests_are_the_challengers_and_always_the_same_ones(catalog):
    chosen = [request for request in REQUESTS if is_canary(request, 0.1)]
    assert 900 < len(chosen) < 1100
    assert set(chosen) < {request for request in REQUESTS if is_canary(request, 0.5)}
    assert not any(is_canary(request, 0.0) for request in REQUESTS)
    assert all(is_canary(request, 1.0) for request in REQUESTS)

    async def run():
        adapters = Adapters(adapter("old", catalog), serve=serve, canary=0.1)
        assert answering(adapters, chosen[0]) == "old"  # no challenger, no canary
        adapters.put(CHALLENGER, serve(adapter("new", catalog)))
        answers = {request: answering(adapters, request) for request in REQUESTS}
        assert {request for request, name in answers.items() if name == "new"} == set(chosen)
        # who names an adapter gets it
        assert answering(adapters, chosen[0], "old") == "old"
        assert answering(adapters, REQUESTS[0], CHALLENGER) == "new"
        assert list(adapters.names()) == [CHAMPION, CHALLENGER, "old", "new"]

    asyncio.run(run())


def answering(adapters: Adapters, request: UUID, name: str = CHAMPION) -> str:
    with adapters.lease(request, name) as served:
        return served.champion.adapter_id


def test_an_adapter_leaves_when_its_last_answer_is_out(catalog):
    async def run():
        adapters = Adapters(adapter("old", catalog), serve=serve)
        old = adapters.get(CHAMPION)
        with adapters.lease(REQUESTS[0]) as first, adapters.lease(REQUESTS[1]):
            adapters.put(CHAMPION, serve(adapter("new", catalog)))
            assert answering(adapters, REQUESTS[2]) == "new"
            await asyncio.sleep(0.05)
            assert first is old
            assert not old.engine.is_closed
        async with asyncio.timeout(10):
            while not old.engine.is_closed:
                await asyncio.sleep(0.01)
        assert not adapters.get(CHAMPION).engine.is_closed
        assert adapters.queue_depth() == 1
        await adapters.close()

    asyncio.run(run())


def test_a_challenger_that_becomes_champion_is_not_closed(catalog):
    async def run():
        adapters = Adapters(adapter("old", catalog), serve=serve, canary=0.5)
        challenger = serve(adapter("new", catalog))
        adapters.put(CHALLENGER, challenger)
        adapters.put(CHAMPION, challenger)
        adapters.put(CHALLENGER, None)
        await asyncio.sleep(0.05)
        assert adapters.champion.adapter_id == "new"
        assert not challenger.engine.is_closed
        await adapters.close()
        assert challenger.engine.is_closed

    asyncio.run(run())


@pytest.mark.parametrize(
    ("written", "share"), [("10%", 0.1), ("0.25", 0.25), (0, 0.0), (" 100 % ".replace(" ", ""), 1)]
)
def test_how_a_canary_share_is_written(written, share):
    assert Settings(api_dsn="", reader_dsn="", canary=written).canary == share


@pytest.mark.parametrize("written", ["110%", "-1", "ten"])
def test_what_is_no_share_is_refused(written):
    with pytest.raises(ValueError, match="canary"):
        Settings(api_dsn="", reader_dsn="", canary=written)


def test_engine_servers_are_addresses_without_a_path():
    urls = ("http://127.0.0.1:8001", "https://gpu.example.com")
    assert Settings(api_dsn="", reader_dsn="", engine_urls=", ".join(urls)).engine_urls == urls
    for wrong in ("127.0.0.1:8001", "http://127.0.0.1:8001/v1", "http://"):
        with pytest.raises(ValueError, match="engine_urls"):
            Settings(api_dsn="", reader_dsn="", engine_urls=wrong)
