"""The engine on servers that speak OpenAI's protocol: what it asks them, and what it does when they die."""

import asyncio
import json
import zlib
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from serving.engines.engine import EngineBusy, EngineFailed
from serving.engines.openai_engine import OpenAIEngine
from serving.engines.replica import ReplicaRefused
from serving.engines.replicas import Replicas
from tests.serving.engine_processes import url, write_adapter
from training.prompt import question_suffix, schema_prefix
from training.sql.grammar import build_answer_grammar

MODULE = "aaaabbbbcccc"
COUNT = "select count(*) from orders"
# Within the grammar, and refused by the guard: orders has no such column.
UNBOUND = "select full_name from orders"


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_adapter(tmp_path_factory.mktemp("adapters") / MODULE)


@pytest.fixture
def engine_on(adapter: Path, catalog):
    """Opens an engine on the replicas at some ports."""

    @asynccontextmanager
    async def opened(ports: list[int], limit: int = 16, timeout_seconds: float = 30.0):
        replicas = Replicas([url(port) for port in ports], limit=limit, probe_seconds=0.1)
        replicas.require(MODULE, adapter)
        await replicas.start()
        try:
            yield (
                OpenAIEngine(replicas, MODULE, catalog, max_new_tokens=64, timeout_seconds=timeout_seconds),
                replicas,
            )
        finally:
            await replicas.stop()

    return opened


async def until(condition) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.05)


def test_the_request_is_the_prompt_and_the_grammar_of_this_process(engine_on, processes, ports, catalog):
    processes.say({"How many orders?": [f" {COUNT}"]})

    async def run():
        async with engine_on(ports[:1]) as (engine, _):
            return await engine.generate("How many orders?")

    answer = asyncio.run(run())
    request = processes.requests()[-1]
    assert answer.sql == COUNT
    assert answer.prompt_tokens == len(request["prompt"].encode())
    assert answer.completion_tokens == len(COUNT) + 2  # the space and the end
    assert request["prompt"] == schema_prefix(catalog) + question_suffix("How many orders?")
    assert request["structured_outputs"] == {"grammar": build_answer_grammar(catalog)}
    assert (request["model"], request["max_tokens"], request["temperature"]) == (MODULE, 64, 0.0)
    assert (request["logprobs"], answer.log_probability) == (0, pytest.approx(-0.01 * (len(COUNT) + 2)))
    # nothing of the model's own generation_config.json, which vLLM takes where a request says nothing
    assert (request["top_p"], request["top_k"], request["min_p"], request["repetition_penalty"]) == (1.0, 0, 0.0, 1.0)


def test_what_the_guard_refuses_is_drawn_again_in_one_request(engine_on, processes, ports):
    processes.say({"Whose orders?": [f" {UNBOUND}", f" {UNBOUND}", f" {COUNT}", " select count(1) from orders"]})

    async def run():
        async with engine_on(ports[:1]) as (engine, _):
            return await engine.generate("Whose orders?")

    answer = asyncio.run(run())
    first, drawn = processes.requests()[-2:]
    assert answer.sql == COUNT
    assert len(answer.drafts) == 1 + 8
    assert answer.completion_tokens > 9 * len(COUNT)
    assert first["temperature"] == 0.0
    assert (drawn["n"], drawn["temperature"], drawn["seed"]) == (8, 0.7, zlib.crc32(b"Whose orders?"))
    assert drawn["prompt"] == first["prompt"]


def test_what_the_grammar_forbids_is_not_written(engine_on, processes, ports):
    processes.say({"Drop it": [" drop table orders"]})

    async def run():
        async with engine_on(ports[:1]) as (engine, _):
            return await engine.generate("Drop it")

    assert not asyncio.run(run()).sql.startswith("drop")


def test_requests_go_to_the_replica_with_the_fewest_in_work(engine_on, processes, ports):
    processes.say({"q": [f" {COUNT}"]}, delay_seconds=0.5)
    before = len(processes.requests())

    async def run():
        async with engine_on(ports) as (engine, replicas):
            assert replicas.well() == 2
            await asyncio.gather(*(engine.generate("q") for _ in range(6)))

    asyncio.run(run())
    ports = [request["port"] for request in processes.requests()[before:]]
    assert {port: ports.count(port) for port in ports} == dict.fromkeys(ports, 3)


def test_more_than_the_limit_is_refused_and_who_waits_too_long_is_told(engine_on, processes, ports):
    processes.say({"q": [f" {COUNT}"]}, delay_seconds=30)

    async def run():
        async with engine_on(ports, limit=2, timeout_seconds=0.5) as (engine, replicas):
            results = await asyncio.gather(*(engine.generate("q") for _ in range(4)), return_exceptions=True)
            assert replicas.in_flight() == 0
            return [type(result) for result in results]

    assert sorted(asyncio.run(run()), key=str) == [EngineBusy] * 2 + [EngineFailed] * 2


def test_without_any_replica_questions_fail_at_once_until_one_is_back(engine_on, processes, ports):
    processes.say({"q": [f" {COUNT}"]}, health=503)

    async def run():
        async with engine_on(ports[:1]) as (engine, replicas):
            assert replicas.well() == 0
            with pytest.raises(EngineFailed, match="no engine server answers"):
                await engine.generate("q")
            processes.say({"q": [f" {COUNT}"]})
            await until(lambda: replicas.well() == 1)
            assert (await engine.generate("q")).sql == COUNT

    asyncio.run(run())


@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        ({"knows_structured_outputs": False}, "does not keep to a grammar"),
        ({"loads_at_runtime": False}, "python -m serving engine"),
        ({"max_lora_rank": 1}, "could not load adapter aaaabbbbcccc"),
    ],
)
def test_a_server_that_cannot_do_what_it_must_gets_no_request(engine_on, processes, ports, flaw, reason):
    httpx.post(f"{url(ports[0])}/v1/unload_lora_adapter", json={"lora_name": MODULE})
    processes.say({"q": [f" {COUNT}"]}, **flaw)

    async def run():
        async with engine_on(ports[:1]) as (engine, replicas):
            assert reason in replicas.refusals()[0]
            with pytest.raises(EngineFailed):
                await engine.generate("q")
            processes.say({"q": [f" {COUNT}"]})  # mended
            await until(lambda: replicas.well() == 1)

    asyncio.run(run())


def test_an_adapter_that_one_server_refuses_stays_on_none(engine_on, processes, ports, tmp_path):
    broken = write_adapter(tmp_path / "bbbbccccdddd", rank=64)

    async def run():
        async with engine_on(ports) as (_, replicas):
            assert replicas.well() == 2
            with pytest.raises(ReplicaRefused, match="could not load adapter bbbbccccdddd"):
                await replicas.add_module("bbbbccccdddd", broken)
            await asyncio.sleep(0.3)
            assert replicas.well() == 2

    processes.say({})
    asyncio.run(run())
    assert "bbbbccccdddd" not in json.dumps(httpx.get(f"{url(ports[1])}/v1/models").json())
