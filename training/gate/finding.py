"""One thing that the gate looked at: a row of its table, and of `numbers` in raw_training.gate_decisions."""

from dataclasses import dataclass
from enum import StrEnum

from training.gate.comparison import Comparison


class Verdict(StrEnum):
    """What a finding means for the challenger."""

    PASSES = "passes"
    REFUSES = "refuses"
    OPEN = "open"  # the pairs are too few to tell; alone it neither refuses nor proves anything
    NOT_COMPARED = "not compared"


@dataclass(frozen=True)
class Finding:
    """One number or comparison, with what follows from it.

    Attributes:
        rule: `measured`, `security_clean`, `injection_stopped`, `better_than_base`, `not_worse_than_champion`,
            `not_worse_on_all_variants`, `not_inferior_in_category`, `not_inferior_in_small_categories` or `latency`.
        split: Where it was measured.
        category: The group of pairs; `all`.
        verdict: What follows.
        note: Why, in words: of a refusal the part of the decision's sentence.
        n: Pairs, or questions.
        challenger: The challenger's value: a share, or milliseconds.
        opponent: The champion's or the base model's.
        low: Lower end of the 95 % interval of challenger minus opponent; of `latency`, of their ratio; where nothing is
            compared, of the challenger's value.
        high: Upper end.
        test: `mcnemar`, `fisher` or `bootstrap`; None where nothing was compared.
        p_value: Two-sided.
        p_value_adjusted: The same times Tarone's factor, where it is one of several tests.
        wins: Pairs that only the challenger answered right.
        losses: Pairs that only the opponent did.
        ratio: Of `latency`: challenger to opponent, on one machine.
        machine: Of `latency`: how much longer the base model took than in the champion's evaluation.
    """

    rule: str
    split: str
    category: str
    verdict: Verdict
    note: str
    n: int | None = None
    challenger: float | None = None
    opponent: float | None = None
    low: float | None = None
    high: float | None = None
    test: str | None = None
    p_value: float | None = None
    p_value_adjusted: float | None = None
    wins: int | None = None
    losses: int | None = None
    ratio: float | None = None
    machine: float | None = None

    @classmethod
    def of_comparison(
        cls,
        rule: str,
        split: str,
        category: str,
        verdict: Verdict,
        note: str,
        comparison: Comparison,
        factor: int | None = None,
    ) -> "Finding":
        """Keep a comparison's numbers.

        Args:
            rule: As the attribute; so are the next four.
            split: Where.
            category: The group of pairs.
            verdict: What follows.
            note: Why.
            comparison: Challenger against opponent.
            factor: Tarone's, where this is one of several tests.
        """
        return cls(
            rule, split, category, verdict, note, comparison.n, comparison.value, comparison.other_value,
            comparison.low, comparison.high, comparison.test, comparison.p_value,
            None if factor is None else min(1.0, comparison.p_value * factor), comparison.wins, comparison.losses,
        )  # fmt: skip
