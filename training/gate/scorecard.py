"""What one model reached in one evaluation, from the rows of files or of the warehouse. Used by every other module."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SPLITS = ("question_split", "template_split")
ACCURACY, SUITE_ACCURACY, SECURITY = "execution_accuracy", "suite_accuracy", "security_clean"
INJECTION_SPLIT, INJECTIONS_STOPPED = "injection", "injection_stopped"
ALL = "all"


@dataclass(frozen=True)
class Score:
    """One metric of one model on one split: `value` with its 95 % interval, over `n` pairs."""

    n: int
    value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class JudgedAnswer:
    """What became of one answer.

    Attributes:
        is_right: It answered like the gold in the sandbox.
        is_right_everywhere: It did so on every variant of the sandbox; None where no variant was asked.
        error_class: Why it is not right; None where it is, or where an earlier version did not say.
        categories: The groups that its pair is counted in; none in rows of an earlier version.
        milliseconds: The time that it took; None where an earlier version did not say.
    """

    is_right: bool
    is_right_everywhere: bool | None = None
    error_class: str | None = None
    categories: frozenset[str] = frozenset()
    milliseconds: float | None = None


@dataclass(frozen=True)
class Scorecard:
    """What one model reached.

    Attributes:
        scores: Score by split, metric and category.
        answers: By split, each held-out pair's answer, by the pair's id.
        clock: Milliseconds that the base model took for each pair in the same evaluation: how fast the machine was.
        suite_hash: The test databases that `suite_accuracy` was measured on; None where that is not known.
    """

    scores: Mapping[tuple[str, str, str], Score]
    answers: Mapping[str, Mapping[str, JudgedAnswer]] = field(default_factory=dict)
    clock: Mapping[str, float] = field(default_factory=dict)
    suite_hash: str | None = None

    @classmethod
    def from_evaluation(
        cls, model: str, scores: Iterable[Mapping[str, Any]], results: Iterable[Mapping[str, Any]]
    ) -> "Scorecard":
        """Collect one model's numbers.

        Args:
            model: `base` or `adapter`.
            scores: Rows of evaluation.json, or of raw_training.evaluations.
            results: Rows of results.jsonl, or of raw_training.evaluation_results; of the base model too, for the clock.
        """
        own = [row for row in scores if row["model"] == model]
        kept = {
            (row["split"], row["metric"], row["category"]): Score(row["n"], row["value"], row["ci_low"], row["ci_high"])
            for row in own
        }
        answers: dict[str, dict[str, JudgedAnswer]] = {split: {} for split in SPLITS}
        clock: dict[str, float] = {}
        for row in results:
            # `get`: files and rows of an earlier version lack what the evaluation did not measure then.
            milliseconds = row.get("generation_ms")
            if row["model"] == model:
                answers[row["split"]][row["pair_id"]] = JudgedAnswer(
                    row["execution_match"],
                    row.get("suite_match"),
                    row.get("error_class"),
                    frozenset(row.get("categories") or ()),
                    milliseconds,
                )
            if row["model"] == "base" and milliseconds is not None:
                clock[row["pair_id"]] = milliseconds
        return cls(kept, answers, clock, own[0].get("suite_hash") if own else None)

    def score(self, split: str, metric: str = ACCURACY, category: str = ALL) -> Score | None:
        """Look up a score; None where it was not measured, or over no pair."""
        found = self.scores.get((split, metric, category))
        return found if found is not None and found.n else None

    def categories(self, split: str) -> list[str]:
        """Name the groups of pairs that accuracy was measured in, in the order of names."""
        return sorted(
            category for at, metric, category in self.scores if (at, metric) == (split, ACCURACY) and category != ALL
        )

    def milliseconds(self) -> dict[str, float]:
        """Give each pair's time, whatever split it is in; pairs without one are left out."""
        return {
            pair: answer.milliseconds
            for answers in self.answers.values()
            for pair, answer in answers.items()
            if answer.milliseconds is not None
        }
