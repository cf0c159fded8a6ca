"""Offers questions to a running API at a fixed rate, whatever it answers, and compares its rows with its answers.

Called by `load` and by the tests of what must survive.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import httpx
import psycopg

_TIMEOUT_SECONDS = 30.0
_ROWS = """
select request_id, question, sql
from raw_serving.requests
where request_id = any(%s)
"""


@dataclass(frozen=True)
class Answered:
    """One request that was answered with 200."""

    request_id: UUID
    number: int
    seconds: float


@dataclass
class Offered:
    """What became of the questions.

    Attributes:
        answered: Requests answered with 200.
        statuses: How often each other outcome came: a status with its error code, or `no answer`.
        mispaired: Answers that are another question's.
        asked: Questions asked.
        asking_seconds: From the first question to the last; longer than it should be on a machine that is too busy.
        seconds: From the first question to the last answer.
    """

    answered: list[Answered] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    mispaired: int = 0
    asked: int = 0
    asking_seconds: float = 0.0
    seconds: float = 0.0

    def percentile(self, share: float) -> float | None:
        """Return the latency in seconds that a share of the answers did not pass; None without answers."""
        latencies = sorted(answer.seconds for answer in self.answered)
        return latencies[min(len(latencies) - 1, int(share * len(latencies)))] if latencies else None


@dataclass(frozen=True)
class Reconciled:
    """Answers against rows.

    Attributes:
        lost: Answers without a row.
        mispaired: Rows whose question or SQL is another's.
    """

    lost: int
    mispaired: int


async def offer(url: str, *, per_second: float, seconds: float, into: Offered | None = None) -> Offered:
    """Ask at a fixed rate without waiting for answers, as many people would.

    Args:
        url: Of an API whose answers hold the number of their question, such as `stub_capacity`.
        per_second: Questions a second.
        seconds: How long.
        into: What is known so far goes in here, for who watches; default: a new one.
    """
    offered = Offered() if into is None else into
    # The API closes connections that were idle for five seconds; one must not be used at that moment.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=200, keepalive_expiry=2.0)
    async with httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_SECONDS, limits=limits, trust_env=False) as client:
        started = time.perf_counter()
        tasks = []
        for place in range(int(per_second * seconds)):
            await asyncio.sleep(max(0.0, started + place / per_second - time.perf_counter()))
            tasks.append(asyncio.create_task(_ask(client, place + 1, offered)))
            offered.asked += 1
        offered.asking_seconds = time.perf_counter() - started
        await asyncio.gather(*tasks)
        offered.seconds = time.perf_counter() - started
    return offered


async def _ask(client: httpx.AsyncClient, number: int, offered: Offered) -> None:
    started = time.perf_counter()
    try:
        response = await client.post("/v1/sql", json={"question": f"What is {number}?", "execute": "rows"})
        body = response.json()
    except (httpx.HTTPError, ValueError):
        offered.statuses["no answer"] += 1
        return
    if response.status_code != 200:
        offered.statuses[f"{response.status_code} {body['error']['code']}"] += 1
        return
    offered.answered.append(Answered(UUID(body["request_id"]), number, time.perf_counter() - started))
    is_right = _number(body["sql"]) == number and body["rows"] in (None, [[number]])
    offered.mispaired += not is_right


def reconcile(conn: psycopg.Connection, answered: Sequence[Answered]) -> Reconciled:
    """Look for each answer's row.

    Args:
        conn: May read raw_serving.requests, whose primary key lets no request have two rows.
        answered: The answers.
    """
    numbers = {answer.request_id: answer.number for answer in answered}
    rows = conn.execute(_ROWS, (list(numbers),)).fetchall()
    wrong = sum({_number(question), _number(sql)} != {numbers[request_id]} for request_id, question, sql in rows)
    return Reconciled(lost=len(numbers) - len(rows), mispaired=wrong)


def _number(text: str | None) -> int | None:
    found = re.search(r"[0-9]+", text or "")
    return int(found[0]) if found else None
