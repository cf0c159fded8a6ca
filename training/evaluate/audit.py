"""The evaluator's own test, part of each evaluation: it must tell right answers from wrong ones, on pairs that are new.

A failed audit fails the evaluation: figures that it would give cannot be trusted. Called by run.py.
"""

from collections.abc import Sequence
from typing import Any

from training.data import Dataset, Pair
from training.errors import TrainingFailed
from training.evaluate.answering import Answered
from training.evaluate.leaks import find_leaks
from training.evaluate.score import Scorer
from training.evaluate.statistics import binomial_chance
from training.sql.compare import difference

_NAMED_AT_MOST = 5
_BY_CHANCE = 1e-4  # a scorer without fault is called faulty once in ten thousand evaluations
_TOO_LIKELY = 0.5  # where the answer of any other question counts as right so often, the sandbox tells nothing


def audit_evaluator(scorer: Scorer, pairs: Sequence[Pair]) -> dict[str, float]:
    """Scores known answers: the gold itself, nothing, and the gold of another question.

    Args:
        scorer: The scorer that judges the models.
        pairs: The held-out pairs of one split.

    Returns:
        Execution accuracy of the gold answers, of empty answers and of shuffled gold answers; and `chance`, the share
        of all pairs of two questions whose gold answers are the same: what shuffled answers should score.

    Raises:
        TrainingFailed: Gold answers do not score 1.0, empty ones not 0.0, or shuffled ones far from chance; or chance
            is so high that the sandbox cannot tell answers apart.
    """
    unstable = [pair.id for pair in pairs if not scorer.score(pair, _answered(pair.sql)).execution_match]
    if unstable:
        raise TrainingFailed(
            f"{len(unstable)} held-out pairs do not give the same result twice ({_named(unstable)}): "
            "their SQL fails, is cut at the row cap, or depends on the moment; reject them from the corpus."
        )
    if any(scorer.score(pair, _answered("")).execution_match for pair in pairs):
        raise TrainingFailed("The evaluator counted an empty answer as right; do not trust this evaluation.")
    right = sum(
        scorer.score(pair, _answered(sql)).execution_match
        for pair, sql in zip(pairs, shuffled_answers(pairs), strict=True)
    )
    chance = _chance(scorer, pairs)
    if chance > _TOO_LIKELY and len({pair.sql for pair in pairs}) > 1:
        raise TrainingFailed(
            f"The answer of any other question counts as right in {chance:.0%} of cases, so shuffled answers cannot be "
            "told from right ones; is the sandbox empty?"
        )
    if binomial_chance(right, len(pairs), chance) < _BY_CHANCE:
        raise TrainingFailed(
            f"Shuffled answers score {right / len(pairs):.1%} where chance is {chance:.1%}; "
            "do not trust this evaluation."
        )
    return {"gold": 1.0, "empty": 0.0, "shuffled": right / len(pairs), "chance": chance}


def audit_split(dataset: Dataset, split: str) -> dict[str, Any]:
    """Looks for what training already knows of a held-out part.

    Args:
        dataset: The data set.
        split: `question_split`, where a template may be known and a question not; or `template_split`, where neither.

    Returns:
        `near_duplicates`: ids of the pairs with a near-duplicate question in training, which are reported apart.

    Raises:
        TrainingFailed: Training has a held-out question, or a template of the template split.
    """
    leaks = find_leaks(dataset, dataset.held_out(split))
    if leaks.questions:
        raise TrainingFailed(
            f"{len(leaks.questions)} questions of the {split} stand in training too "
            f"({_named(sorted(leaks.questions))}); split the corpus so that a question is on one side."
        )
    if split == "template_split" and leaks.templates:
        raise TrainingFailed(
            f"{len(leaks.templates)} pairs of the template_split have a template that training knows "
            f"({_named(sorted(leaks.templates))}); split the corpus by fingerprint."
        )
    return {"near_duplicates": sorted(leaks.near)}


def shuffled_answers(pairs: Sequence[Pair]) -> list[str]:
    """Gives each pair the SQL of another; half the list away, so that neighbours of one template are not swapped.

    Args:
        pairs: Pairs in dataset order.

    Returns:
        One statement a pair; with a single pair, its own.
    """
    half = max(1, len(pairs) // 2)
    return [pairs[(index + half) % len(pairs)].sql for index in range(len(pairs))]


def _chance(scorer: Scorer, pairs: Sequence[Pair]) -> float:
    """The share of ordered pairs of two different questions of which the second's gold answers the first's."""
    if len(pairs) == 1:
        return 1.0  # a single pair is shuffled with itself
    golds = [scorer.gold(pair.sql) for pair in pairs]
    same = sum(
        difference(one.execution, other.execution, one.blocks) is None
        for place, one in enumerate(golds)
        for number, other in enumerate(golds)
        if place != number
    )
    return same / (len(pairs) * (len(pairs) - 1))


def _answered(sql: str) -> Answered:
    return Answered(sql, (sql,), 0.0)


def _named(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_NAMED_AT_MOST])
