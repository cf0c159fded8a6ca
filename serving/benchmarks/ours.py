"""Our engine: as many questions in work as there are clients, each client asking again once it is answered."""

import time
from collections.abc import Sequence

from serving.benchmarks.timing import Answered
from training.checked import CheckedGenerator
from training.generation import Generation


def answer(
    generator: CheckedGenerator, questions: Sequence[str], clients: int
) -> tuple[list[Answered], list[Generation], float]:
    """Answers questions as the API's worker does.

    Args:
        generator: What is served: grammar, guard and second draws included.
        questions: At least one.
        clients: How many ask at a time.

    Returns:
        The timings and the answers in the order in which they were ready, and the seconds that all took.
    """
    batch = generator.open_batch()
    waiting = list(enumerate(questions))[::-1]
    asked: dict[int, float] = {}
    first: dict[int, float] = {}
    timings, generations = [], []
    began = time.perf_counter()
    while waiting or len(batch):
        while waiting and len(batch) < clients:
            key, question = waiting.pop()
            asked[key] = time.perf_counter()
            batch.add(key, question)
        done = batch.step()
        now = time.perf_counter()
        for key, started in asked.items():
            first.setdefault(key, now - started)  # its prompt was read, and a token written, in its first step
        for key, generation in done:
            timings.append(Answered(first[key], now - asked[key], generation.completion_tokens))
            generations.append(generation)
    return timings, generations, time.perf_counter() - began


def shares(generations: Sequence[Generation]) -> dict[str, float]:
    """Counts how answers came about.

    Args:
        generations: At least one.

    Returns:
        The shares of their tokens that the grammar forced and that were guessed, and how many answers were drawn again.
    """
    written = sum(answer.completion_tokens for answer in generations)
    return {
        "forced_share": round(sum(answer.forced_tokens for answer in generations) / written, 3),
        "guessed_share": round(sum(answer.guessed_tokens for answer in generations) / written, 3),
        "drawn_again": sum(bool(answer.drafts) for answer in generations),
    }
