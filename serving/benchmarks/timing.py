"""What is measured of each answer, and what is reported of many. Called by the contenders."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Answered:
    """One question, as its client saw it.

    Attributes:
        first_token_seconds: From asking to the first token.
        seconds: From asking to the whole answer.
        tokens: Of the answer.
    """

    first_token_seconds: float
    seconds: float
    tokens: int


def summarize(answers: Sequence[Answered], wall_seconds: float) -> dict[str, float]:
    """Computes a contender's figures.

    Args:
        answers: At least one.
        wall_seconds: From the first question to the last answer.

    Returns:
        Percentiles in milliseconds, answers and tokens a second.
    """
    seconds = [answer.seconds for answer in answers]
    return {
        "first_token_p50_ms": round(percentile([answer.first_token_seconds for answer in answers], 50) * 1000, 1),
        "p50_ms": round(percentile(seconds, 50) * 1000, 1),
        "p95_ms": round(percentile(seconds, 95) * 1000, 1),
        "answers_per_second": round(len(answers) / wall_seconds, 3),
        "tokens_per_second": round(sum(answer.tokens for answer in answers) / wall_seconds, 1),
        "questions": len(answers),
    }


def tell(line: str) -> None:
    """Prints a line at once, from whichever process measures."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed (nearest rank)."""
    rank = max(0, -(-len(values) * percent // 100) - 1)
    return sorted(values)[int(rank)]
