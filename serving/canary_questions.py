"""Proves an adapter before it serves: it must still answer questions that it answered right when it was evaluated."""

import asyncio
from collections.abc import Sequence

from serving.adapters import Served
from serving.answer import judge
from serving.engines.engine import EngineBusy, EngineFailed

CANARY_QUESTIONS = 5
# For an adapter that was never evaluated here: it must answer, whatever it says.
_ANY_QUESTION = "How many rows are there?"


class CanaryFailed(Exception):
    """An adapter did not answer as it must; the message is one sentence.

    Attributes:
        passed: Questions that it answered as it must.
    """

    def __init__(self, message: str, passed: int):
        super().__init__(message)
        self.passed = passed


async def prove(served: Served, questions: Sequence[str]) -> int:
    """Ask an adapter its canary questions, one by one.

    Args:
        served: The adapter, loaded and not serving yet.
        questions: Questions that it has answered right; none where it was never evaluated.

    Returns:
        How many it answered with SQL that the guard allows: all of them.

    Raises:
        CanaryFailed: The model failed, or the guard refuses one of its answers.
    """
    passed = 0
    try:
        for question in questions:
            generation = await served.engine.generate(question)
            _, verdict = await asyncio.to_thread(judge, generation.sql, served.champion.catalog)
            passed += verdict.allowed
        if not questions:
            await served.engine.generate(_ANY_QUESTION)
    except EngineBusy as error:
        raise CanaryFailed("The engine was too busy for the canary questions.", passed) from error
    except EngineFailed as error:
        raise CanaryFailed("The model did not answer the canary questions.", passed) from error
    if passed < len(questions):
        raise CanaryFailed(
            f"The guard refuses {len(questions) - passed} of its answers to {len(questions)} questions that it "
            "answered right when it was evaluated.",
            passed,
        )
    return passed
