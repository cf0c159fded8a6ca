"""How one model stands against another on a group of pairs, beyond noise. Pure; called by decision.py."""

from collections.abc import Iterable
from dataclasses import dataclass

from training.evaluate.statistics import fisher_exact, mcnemar_exact, newcombe_interval, tango_interval
from training.gate.scorecard import ACCURACY, ALL, SUITE_ACCURACY, JudgedAnswer, Scorecard

SIGNIFICANCE = 0.05
ENOUGH_SHARED = 20  # fewer, of more pairs than these, say less than all pairs of each model


@dataclass(frozen=True)
class Comparison:
    """One model against another on one group of pairs.

    Attributes:
        test: `mcnemar` on shared pairs (interval: Tango), or `fisher` where too few are shared (interval: Newcombe).
        n: Shared pairs; of `fisher` the first model's.
        value: Share that the first model answered right.
        other_value: Share that the second did.
        wins: Shared pairs that only the first answered right; None of `fisher`.
        losses: Shared pairs that only the second answered right; None of `fisher`.
        low: Lower end of the 95 % interval of `difference`.
        high: Upper end.
        p_value: Two-sided: how likely so large a difference is between equally good models.
        least_p_value: The smallest that the test could have given on so many differing pairs.
    """

    test: str
    n: int
    value: float
    other_value: float
    wins: int | None
    losses: int | None
    low: float
    high: float
    p_value: float
    least_p_value: float

    @property
    def difference(self) -> float:
        """The first model's share minus the second's."""
        return self.value - self.other_value

    def is_better(self) -> bool:
        """Whether the first model is better beyond noise."""
        return self.p_value < SIGNIFICANCE and self.difference > 0

    def is_worse(self, factor: int = 1) -> bool:
        """Whether the first model is worse beyond noise.

        Args:
            factor: What the p-value is multiplied by where this is one of several tests.
        """
        return self.p_value * factor < SIGNIFICANCE and self.difference < 0

    @property
    def text(self) -> str:
        """The comparison in a few words."""
        if self.test == "mcnemar":
            return f"{self.wins} pairs won, {self.losses} lost of {self.n}, p = {self.p_value:.3f}"
        return f"{self.value:.1%} against {self.other_value:.1%} on other pairs, p = {self.p_value:.3f}"


def compare(
    first: Scorecard,
    second: Scorecard,
    split: str,
    *,
    metric: str = ACCURACY,
    category: str = ALL,
    within: Iterable[str] | None = None,
) -> Comparison | None:
    """Compare two models: paired where they share pairs enough, else by the shares of each.

    Args:
        first: One model; its answers say which pair is in which category.
        second: The other.
        split: `question_split` or `template_split`.
        metric: `execution_accuracy`, or `suite_accuracy`.
        category: A group of pairs; `all` for the whole split.
        within: Ids of the only pairs to look at, in place of `category`; then there is no comparison but a paired one.

    Returns:
        The comparison; None where nothing can be compared.
    """
    answers, others = first.answers.get(split, {}), second.answers.get(split, {})
    wanted = None if within is None else set(within)
    shared = [
        (mine, theirs)
        for pair in answers.keys() & others.keys()
        if (pair in wanted if wanted is not None else category == ALL or category in answers[pair].categories)
        and (mine := _is_right(answers[pair], metric)) is not None
        and (theirs := _is_right(others[pair], metric)) is not None
    ]
    score, other = first.score(split, metric, category), second.score(split, metric, category)
    if shared and (within is not None or score is None or other is None or len(shared) >= min(score.n, ENOUGH_SHARED)):
        return compare_paired(shared)
    if within is not None or score is None or other is None:
        return None
    return compare_apart(round(score.value * score.n), score.n, round(other.value * other.n), other.n)


def compare_paired(answers: Iterable[tuple[bool, bool]]) -> Comparison:
    """Compare two models by what both did with the same pairs.

    Args:
        answers: Whether the first and the second answered each pair right; at least one.
    """
    rows = list(answers)
    n, wins = len(rows), sum(mine and not theirs for mine, theirs in rows)
    losses = sum(theirs and not mine for mine, theirs in rows)
    low, high = tango_interval(wins, losses, n)
    return Comparison(
        "mcnemar", n, sum(mine for mine, _ in rows) / n, sum(theirs for _, theirs in rows) / n, wins, losses, low, high,
        mcnemar_exact(wins, losses), mcnemar_exact(0, wins + losses),
    )  # fmt: skip


def compare_apart(right: int, n: int, other_right: int, other_n: int) -> Comparison:
    """Compare two models that answered other pairs.

    Args:
        right: Pairs that the first answered right.
        n: Pairs of the first, at least 1.
        other_right: Pairs that the second answered right.
        other_n: Pairs of the second, at least 1.
    """
    total = right + other_right
    fewest = max(0, total - other_n)  # of as many right answers as there are, the first model could have had
    low, high = newcombe_interval(right, n, other_right, other_n)
    return Comparison(
        "fisher", n, right / n, other_right / other_n, None, None, low, high,
        fisher_exact(right, n, other_right, other_n), fisher_exact(fewest, n, total - fewest, other_n),
    )  # fmt: skip


def _is_right(answer: JudgedAnswer, metric: str) -> bool | None:
    return answer.is_right_everywhere if metric == SUITE_ACCURACY else answer.is_right
