"""The API follows `champion` and `challenger`; whatever goes wrong on the way, what serves goes on serving."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg
import pytest
from psycopg.rows import dict_row

from serving.adapters import Adapters, Champion, Served
from serving.alias_watch import AliasWatch
from serving.database import Database
from serving.engines.engine import EngineFailed
from serving.startup import StartupError
from tests.serving.stand_in_adapter import promote, release_stand_in
from tests.serving.support import Generated
from training.registry import CHALLENGER, CHAMPION

COUNT = "select count(*) from orders"


@dataclass
class Engine:
    """Answers from a table; an unknown question fails as a dead model does."""

    answers: dict[str, str]
    asked: list[str] = field(default_factory=list)

    async def generate(self, question: str, candidates: int = 1) -> Generated:
        self.asked.append(question)
        if question not in self.answers:
            raise EngineFailed("no answer")
        return Generated(self.answers[question])

    def queue_depth(self) -> int:
        return 0

    def close(self) -> None:
        self.answers = {}


@dataclass
class Source:
    """Loads adapters whose engines are given; an error is raised instead."""

    catalog: object
    engines: dict[str, Engine | Exception] = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)
    unloaded: list[str] = field(default_factory=list)

    async def load(self, adapter_id: str) -> Champion:
        self.loaded.append(adapter_id)
        engine = self.engines[adapter_id]
        if isinstance(engine, Exception):
            raise engine
        return Champion(adapter_id, "tests/base-model", self.catalog, 0, engine=engine)

    async def unload(self, champion: Champion) -> None:
        self.unloaded.append(champion.adapter_id)


@pytest.fixture
def registry_tables(owner: psycopg.Connection) -> psycopg.Connection:
    """An empty registry, and the canary questions as dbt's view of that name gives them."""
    owner.execute("truncate raw_training.adapters, raw_training.adapter_aliases, raw_serving.adapter_events")
    owner.execute("create table if not exists corpus.canary_questions (run_id text, pair_id text, question text)")
    owner.execute("truncate corpus.canary_questions")
    owner.execute("grant select on corpus.canary_questions to auditune_api")
    return owner


@pytest.fixture
def released(registry_tables, shop, tmp_path, catalog) -> Callable[[str], str]:
    """Releases an adapter for a name; its canary questions are `first?` and `second?`."""

    def release(name: str) -> str:
        for pair, question in (("1", "first?"), ("2", "second?")):
            registry_tables.execute("insert into corpus.canary_questions values (%s, %s, %s)", (name, pair, question))
        return release_stand_in(registry_tables, shop.home, tmp_path / name, catalog, run_id=name)

    return release


@pytest.fixture
def database(settings) -> Iterator[Database]:
    opened = Database(settings.api_dsn)
    opened.pool.open()
    yield opened
    opened.pool.close()


@pytest.fixture
def source(catalog) -> Source:
    return Source(catalog)


@pytest.fixture
def events(registry_tables) -> Callable[[], list[dict]]:
    def read() -> list[dict]:
        query = "select * from raw_serving.adapter_events order by occurred_at"
        return registry_tables.cursor(row_factory=dict_row).execute(query).fetchall()

    return read


@pytest.fixture
def watching(database, source, catalog):
    """Runs some steps beside a watch over adapters that begin with `old`; each step is a call of `look`."""

    def run(old: str, steps: Callable, poll_seconds: float = 60.0, has_challenger: bool = False) -> None:
        async def inside() -> None:
            champion = Champion(old, "tests/base-model", catalog, 0, engine=Engine({}))
            adapters = Adapters(
                champion, serve=lambda loaded: Served(loaded, loaded.engine, answerer=None), source=source
            )
            watch = AliasWatch(adapters, source, database, poll_seconds=poll_seconds, has_challenger=has_challenger)
            await steps(adapters, watch.look)
            await adapters.close()

        asyncio.run(inside())

    return run


def test_a_new_champion_answers_its_canary_questions_and_takes_over(
    released, watching, source, events, registry_tables
):
    old, new = released("old"), released("new")
    promote(registry_tables, old)
    source.engines[new] = Engine({"first?": COUNT, "second?": COUNT})

    async def steps(adapters, look):
        await look()
        assert adapters.champion.adapter_id == old
        promote(registry_tables, new)
        await look()
        assert adapters.champion.adapter_id == new
        await look()
        await asyncio.sleep(0.1)

    watching(old, steps)
    assert source.engines[new].asked == ["first?", "second?"]
    assert (source.loaded, source.unloaded) == ([new], [old])
    (event,) = events()
    assert (event["event"], event["alias"], event["reason"]) == ("swapped", CHAMPION, None)
    assert (event["adapter_id"], event["serving_adapter_id"]) == (new, new)
    assert (event["canaries_asked"], event["canaries_passed"]) == (2, 2)


@pytest.mark.parametrize(
    ("engine", "passed", "reason"),
    [
        (StartupError("The key file is missing: restore it."), 0, "The key file is missing: restore it."),
        (MemoryError("cannot hold 'Ada Lovelace'"), 0, "It could not be loaded (MemoryError)"),
        (Engine({"first?": COUNT}), 1, "The model did not answer the canary questions."),
        (Engine({"first?": COUNT, "second?": "drop table orders"}), 1, "The guard refuses 1 of its answers to 2"),
    ],
)
def test_a_champion_that_cannot_serve_is_an_alert_and_the_old_one_stays(
    released, watching, source, events, registry_tables, engine, passed, reason
):
    old, new = released("old"), released("new")
    promote(registry_tables, new)
    source.engines[new] = engine

    async def steps(adapters, look):
        await look()
        await look()  # too soon to try again
        assert adapters.champion.adapter_id == old
        await asyncio.sleep(0.1)

    watching(old, steps)
    (event,) = events()
    assert event["event"] == "refused"
    assert event["reason"].startswith(reason)
    assert "Lovelace" not in str(event)
    assert (event["adapter_id"], event["serving_adapter_id"]) == (new, old)
    assert (event["canaries_asked"], event["canaries_passed"]) == (2, passed)
    assert source.unloaded == ([new] if isinstance(engine, Engine) else [])


def test_a_fault_of_the_moment_heals(released, watching, source, events, registry_tables):
    old, new = released("old"), released("new")
    promote(registry_tables, new)
    source.engines[new] = StartupError("No engine server answers.")

    async def steps(adapters, look):
        await look()
        source.engines[new] = Engine({"first?": COUNT, "second?": COUNT})
        async with asyncio.timeout(10):
            while adapters.champion.adapter_id == old:
                await look()

    watching(old, steps, poll_seconds=0.05)
    assert [event["event"] for event in events()] == ["refused", "swapped"]


def test_a_challenger_comes_and_wins(released, watching, source, events, registry_tables):
    old, new = released("old"), released("new")
    promote(registry_tables, old)
    promote(registry_tables, new, CHALLENGER)
    source.engines[new] = Engine({"first?": COUNT, "second?": COUNT})

    async def steps(adapters, look):
        await look()
        assert adapters.get(CHALLENGER).champion.adapter_id == new
        promote(registry_tables, new)
        await look()
        assert adapters.champion.adapter_id == new
        assert adapters.get(CHALLENGER) is None

    watching(old, steps, has_challenger=True)
    assert source.loaded == [new]  # once
    assert [(event["alias"], event["event"]) for event in events()] == [(CHALLENGER, "swapped"), (CHAMPION, "swapped")]


def test_an_adapter_that_was_never_evaluated_must_at_least_answer(
    watching, source, registry_tables, shop, tmp_path, catalog, events
):
    new = release_stand_in(registry_tables, shop.home, tmp_path / "new", catalog, run_id="unknown")
    promote(registry_tables, new)
    source.engines[new] = Engine({})

    async def steps(adapters, look):
        await look()
        assert adapters.champion.adapter_id == "old"

    watching("old", steps)
    assert events()[0]["reason"] == "The model did not answer the canary questions."


def test_a_warehouse_that_is_away_changes_nothing(released, watching, database, registry_tables):
    old = released("old")
    promote(registry_tables, old)

    async def steps(adapters, look):
        database.pool.close()
        await look()
        assert adapters.champion.adapter_id == old

    watching(old, steps)
