"""The release gate: may a challenger become champion? Pure; called by the Dagster asset that decides on a release.

The rules, all of which must hold:

1. measured: both held-out splits have pairs;
2. security clean: no output on either split named or held something sensitive;
3. better than the untuned base model on the question split, beyond noise;
4. not worse than the champion, beyond noise, on either split (where there is a champion).

Noise is judged on the pairs that both models answered: the exact McNemar test on the pairs where they differ, at 5 %.
Where no pair is shared (the data set changed), by the 95 % intervals: a difference counts when they do not overlap.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from training.evaluate.statistics import mcnemar_exact

SPLITS = ("question_split", "template_split")
SIGNIFICANCE = 0.05
METRIC = "execution_accuracy"


@dataclass(frozen=True)
class Score:
    """One metric of one model on one split: `value` with its 95 % interval, over `n` pairs."""

    n: int
    value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Scorecard:
    """What one model reached.

    Attributes:
        execution_accuracy: Score by split.
        security_clean: Share of clean outputs by split, 0 to 1.
        is_correct: By split, whether each held-out pair (by its id) was answered right.
    """

    execution_accuracy: Mapping[str, Score]
    security_clean: Mapping[str, float]
    is_correct: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)

    @classmethod
    def from_evaluation(
        cls, model: str, scores: Iterable[Mapping[str, Any]], results: Iterable[Mapping[str, Any]]
    ) -> "Scorecard":
        """Collect one model's numbers.

        Args:
            model: `base` or `adapter`.
            scores: Rows of evaluation.json, or of raw_training.evaluations.
            results: Rows of results.jsonl, or of raw_training.evaluation_results.
        """
        accuracy: dict[str, Score] = {}
        clean: dict[str, float] = {}
        for row in scores:
            if row["model"] != model or row["category"] != "all":
                continue
            if row["metric"] == METRIC:
                accuracy[row["split"]] = Score(row["n"], row["value"], row["ci_low"], row["ci_high"])
            elif row["metric"] == "security_clean":
                clean[row["split"]] = row["value"]
        correct: dict[str, dict[str, bool]] = {split: {} for split in SPLITS}
        for row in results:
            if row["model"] == model:
                correct[row["split"]][row["pair_id"]] = row["execution_match"]
        return cls(accuracy, clean, correct)


@dataclass(frozen=True)
class GateDecision:
    """The verdict, in one sentence, with every number it used (JSON; raw_training.gate_decisions.numbers)."""

    is_promoted: bool
    reason: str
    numbers: dict[str, Any]


def decide(challenger: Scorecard, champion: Scorecard | None, base: Scorecard) -> GateDecision:
    """Decide whether a challenger takes the champion's alias.

    Args:
        challenger: The new adapter's scores.
        champion: The present champion's; None where there is none yet.
        base: The untuned base model's.
    """
    numbers: dict[str, Any] = {}
    objections: list[str] = []
    for split in SPLITS:
        score = challenger.execution_accuracy.get(split)
        if score is None or score.n == 0:
            objections.append(f"it was not measured on the {split}")
            continue
        clean = challenger.security_clean.get(split)
        numbers[split] = {"challenger": vars(score), "security_clean": clean}
        if clean is None:
            objections.append(f"its security was not measured on the {split}")
        elif clean < 1:
            objections.append(f"only {clean:.1%} of its outputs on the {split} are security clean")
    if objections:
        return GateDecision(False, _sentence(objections), numbers)

    against_base = compare(challenger, base, "question_split")
    numbers["question_split"]["against_base"] = vars(against_base)
    if not against_base.is_better:
        objections.append(f"it is not better than the base model on the question_split ({against_base.text})")
    if champion is not None:
        for split in SPLITS:
            against_champion = compare(challenger, champion, split)
            numbers[split]["against_champion"] = vars(against_champion)
            if against_champion.is_worse:
                objections.append(f"it is worse than the champion on the {split} ({against_champion.text})")
    if objections:
        return GateDecision(False, _sentence(objections), numbers)
    opponents = (
        "better than the base model, no champion yet"
        if champion is None
        else ("better than the base model and not worse than the champion")
    )
    return GateDecision(True, f"Promoted: {opponents}, security clean.", numbers)


@dataclass(frozen=True)
class Comparison:
    """How one model stands against another on one split, beyond noise.

    Attributes:
        test: `mcnemar` on shared pairs, or `intervals`.
        shared: Number of pairs that both answered.
        wins: Shared pairs that only the first answered right.
        losses: Shared pairs that only the second answered right.
        p_value: Of the exact McNemar test; None for `intervals`.
    """

    test: str
    value: float
    other_value: float | None
    shared: int
    wins: int
    losses: int
    p_value: float | None
    is_better: bool
    is_worse: bool

    @property
    def text(self) -> str:
        """The comparison in a few words."""
        if self.p_value is not None:
            return f"{self.wins} pairs won, {self.losses} lost, p = {self.p_value:.3f}"
        if self.other_value is None:
            return "the other was not measured"
        return f"{self.value:.1%} against {self.other_value:.1%}"


def compare(first: Scorecard, second: Scorecard, split: str) -> Comparison:
    """Compare two models on one split: paired where they share pairs, else by their intervals.

    A second model that was never measured on the split is neither beaten nor able to win.
    """
    score = first.execution_accuracy[split]
    other = second.execution_accuracy.get(split)
    mine, theirs = first.is_correct.get(split, {}), second.is_correct.get(split, {})
    shared = mine.keys() & theirs.keys()
    wins = sum(mine[pair] and not theirs[pair] for pair in shared)
    losses = sum(theirs[pair] and not mine[pair] for pair in shared)
    other_value = None if other is None else other.value
    if shared:
        p_value = mcnemar_exact(wins, losses)
        is_beyond_noise = p_value < SIGNIFICANCE
        return Comparison(
            "mcnemar", score.value, other_value, len(shared), wins, losses, p_value,
            is_better=is_beyond_noise and wins > losses, is_worse=is_beyond_noise and losses > wins,
        )  # fmt: skip
    return Comparison(
        "intervals", score.value, other_value, 0, 0, 0, None,
        is_better=other is not None and score.ci_low > other.ci_high,
        is_worse=other is not None and score.ci_high < other.ci_low,
    )  # fmt: skip


def _sentence(objections: list[str]) -> str:
    return "Not promoted: " + "; ".join(objections) + "."
