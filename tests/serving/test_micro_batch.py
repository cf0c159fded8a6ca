"""The micro-batching engine by itself."""

import asyncio
import threading

import pytest

from serving.engines.engine import EngineBusy, EngineFailed
from serving.engines.micro_batch import MicroBatchEngine
from tests.serving.support import Generated


class Gate:
    """A model that answers `SELECT <question>` and can be held."""

    def __init__(self):
        self.batches = []
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def generate(self, questions):
        self.entered.set()
        assert self.open.wait(20)
        self.batches.append(list(questions))
        if "fail" in questions:
            raise RuntimeError("out of memory")
        return [Generated(f"SELECT {question}") for question in questions]


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def make_engine(gate):
    engines = []

    def make(queue_size=10, batch_size=4, timeout_seconds=20):
        engine = MicroBatchEngine(
            gate.generate, queue_size=queue_size, batch_size=batch_size, timeout_seconds=timeout_seconds
        )
        engines.append(engine)
        return engine

    yield make
    gate.open.set()
    for engine in engines:
        engine.close()


def test_what_waits_is_answered_together_and_paired_right(gate, make_engine):
    engine = make_engine()

    async def run():
        gate.open.clear()
        first = asyncio.create_task(engine.generate("0"))
        await asyncio.to_thread(gate.entered.wait, 10)
        rest = [asyncio.create_task(engine.generate(str(n))) for n in range(1, 7)]
        while engine.queue_depth() < 6:
            await asyncio.sleep(0.01)
        gate.open.set()
        return [answer.sql for answer in await asyncio.gather(first, *rest)]

    assert asyncio.run(run()) == [f"SELECT {n}" for n in range(7)]
    assert gate.batches == [["0"], ["1", "2", "3", "4"], ["5", "6"]]


def test_a_failure_hits_its_batch_only(gate, make_engine):
    engine = make_engine(batch_size=1)

    async def run():
        failed, fine = await asyncio.gather(engine.generate("fail"), engine.generate("1"), return_exceptions=True)
        assert isinstance(failed, EngineFailed)
        assert "memory" not in str(failed)
        assert fine.sql == "SELECT 1"

    asyncio.run(run())


async def _one_in_work_and_one_that_waits(engine, gate) -> tuple[asyncio.Task, asyncio.Task]:
    gate.open.clear()
    running = asyncio.create_task(engine.generate("0"))
    await asyncio.to_thread(gate.entered.wait, 10)
    waiting = asyncio.create_task(engine.generate("1"))
    while engine.queue_depth() < 1:
        await asyncio.sleep(0.01)
    return running, waiting


def test_a_full_queue_refuses_at_once(gate, make_engine):
    engine = make_engine(queue_size=1)

    async def run():
        running, waiting = await _one_in_work_and_one_that_waits(engine, gate)
        with pytest.raises(EngineBusy):
            await engine.generate("2")
        gate.open.set()
        await asyncio.gather(running, waiting)

    asyncio.run(run())


def test_who_waits_too_long_or_leaves_costs_no_generation(gate, make_engine):
    engine = make_engine(timeout_seconds=0.2, batch_size=1)

    async def run():
        gate.open.clear()
        results = await asyncio.gather(engine.generate("0"), engine.generate("1"), return_exceptions=True)
        assert [type(result) for result in results] == [EngineFailed, EngineFailed]
        gate.open.set()
        assert (await engine.generate("2")).sql == "SELECT 2"

    asyncio.run(run())
    assert gate.batches == [["0"], ["2"]]


def test_closing_fails_what_waits(gate, make_engine):
    engine = make_engine(batch_size=1)

    async def run():
        running, waiting = await _one_in_work_and_one_that_waits(engine, gate)
        closing = asyncio.create_task(asyncio.to_thread(engine.close))
        await asyncio.sleep(0.1)
        gate.open.set()
        await closing
        assert (await running).sql == "SELECT 0"
        with pytest.raises(EngineFailed):
            await waiting

    asyncio.run(run())


class Steps:
    """A model that questions can join: each is answered after as many steps as it says."""

    def __init__(self):
        self.gate = threading.Semaphore(0)
        self.left = {}
        self.dropped = []

    def open_batch(self):
        return self

    def __len__(self):
        return len(self.left)

    def add(self, key, question, candidates=1):
        self.left[key] = int(question)

    def step(self):
        self.gate.acquire()
        self.left = {key: steps - 1 for key, steps in self.left.items()}
        done = [key for key, steps in self.left.items() if steps == 0]
        for key in done:
            del self.left[key]
        return [(key, Generated(f"SELECT {key.question}")) for key in done]

    def drop(self, key):
        if self.left.pop(key, None) is not None:
            self.dropped.append(key.question)


@pytest.fixture
def steps():
    return Steps()


def _answer(steps, use):
    engine = MicroBatchEngine(steps, queue_size=10, batch_size=2, timeout_seconds=20)
    try:
        return asyncio.run(use(engine))
    finally:
        steps.gate.release(100)
        engine.close()


def test_questions_join_between_steps_and_leave_when_they_are_answered(steps):
    async def use(engine):
        long = asyncio.create_task(engine.generate("5"))
        while not steps.left:
            await asyncio.sleep(0.01)
        short = asyncio.create_task(engine.generate("1"))
        third = asyncio.create_task(engine.generate("2"))
        while engine.queue_depth() < 2:
            await asyncio.sleep(0.01)
        steps.gate.release(2)  # the first alone, then both
        first = (await short).sql
        assert not long.done()
        steps.gate.release(100)
        return [first, (await long).sql, (await third).sql]

    assert _answer(steps, use) == ["SELECT 1", "SELECT 5", "SELECT 2"]


def test_a_question_whose_caller_leaves_is_given_up(steps):
    async def use(engine):
        gone = asyncio.create_task(engine.generate("50"))
        while not steps.left:
            await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        steps.gate.release()
        return (await asyncio.gather(engine.generate("1"), _let(steps)))[0].sql

    async def _let(steps):
        while not steps.dropped:
            await asyncio.sleep(0.01)
        steps.gate.release(100)

    assert _answer(steps, use) == "SELECT 1"
    assert steps.dropped == ["50"]
