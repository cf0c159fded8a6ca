"""The evaluator's own test, part of each evaluation: it must tell right answers from wrong ones. Called by run.py."""

from collections.abc import Sequence

from training.data import Pair
from training.errors import TrainingFailed
from training.evaluate.score import Scorer

_NAMED_AT_MOST = 5


def audit_evaluator(scorer: Scorer, pairs: Sequence[Pair]) -> dict[str, float]:
    """Scores known answers: the gold itself, nothing, and the gold of another question.

    Args:
        scorer: The scorer that judges the models.
        pairs: The held-out pairs of one split.

    Returns:
        Execution accuracy of the gold answers, of empty answers and of shuffled gold answers.

    Raises:
        TrainingFailed: Gold answers do not score 1.0, empty ones not 0.0, or shuffled ones as well as the gold.
    """
    unstable = [pair.id for pair in pairs if not scorer.score(pair, pair.sql).execution_match]
    if unstable:
        named = ", ".join(unstable[:_NAMED_AT_MOST])
        raise TrainingFailed(
            f"{len(unstable)} held-out pairs do not give the same result twice ({named}): "
            "their SQL fails, is cut at the row cap, or depends on the moment; reject them from the corpus."
        )
    empty = _accuracy(scorer, pairs, [""] * len(pairs))
    if empty > 0:
        raise TrainingFailed("The evaluator counted an empty answer as right; do not trust this evaluation.")
    shuffled = _accuracy(scorer, pairs, shuffled_answers(pairs))
    if shuffled >= 1 and len({pair.sql for pair in pairs}) > 1:
        raise TrainingFailed("The evaluator did not tell shuffled answers from right ones; is the sandbox empty?")
    return {"gold": 1.0, "empty": empty, "shuffled": shuffled}


def shuffled_answers(pairs: Sequence[Pair]) -> list[str]:
    """Gives each pair the SQL of another; half the list away, so that neighbours of one template are not swapped.

    Args:
        pairs: Pairs in dataset order.

    Returns:
        One statement a pair; with a single pair, its own.
    """
    half = max(1, len(pairs) // 2)
    return [pairs[(index + half) % len(pairs)].sql for index in range(len(pairs))]


def _accuracy(scorer: Scorer, pairs: Sequence[Pair], answers: Sequence[str]) -> float:
    right = [scorer.score(pair, answer).execution_match for pair, answer in zip(pairs, answers, strict=True)]
    return sum(right) / len(right)
