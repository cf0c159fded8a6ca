"""From scores of pairs to the rows of evaluation.json. Pure; called by run.py."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.data import Pair
from training.evaluate.score import PairScore
from training.evaluate.statistics import mean_interval, wilson_interval
from training.sql.categories import categorize

ALL = "all"
_SHARES = {
    "execution_accuracy": "execution_match",
    "exact_match": "exact_match",
    "ran": "ran",
    "guard_allowed": "guard_allowed",
    "security_clean": "security_clean",
}


def summarize(model: str, split: str, pairs: Sequence[Pair], scores: Sequence[PairScore]) -> list[dict[str, Any]]:
    """Computes each metric over all pairs, and execution accuracy also over each category of gold SQL.

    Args:
        model: `base` or `adapter`.
        split: `question_split` or `template_split`.
        pairs: The held-out pairs, at least one.
        scores: Their scores, in the same order.

    Returns:
        Rows with model, split, metric, category, n, value, ci_low and ci_high.
    """
    where = {"model": model, "split": split}
    values = {metric: [getattr(score, field) for score in scores] for metric, field in _SHARES.items()}
    rows = [where | _share_row(metric, ALL, flags) for metric, flags in values.items()]
    rows.append(where | _mean_row("string_similarity", [score.string_similarity for score in scores]))
    by_category: dict[str, list[bool]] = {}
    for pair, is_right in zip(pairs, values["execution_accuracy"], strict=True):
        for category in categorize(pair.sql):
            by_category.setdefault(category, []).append(is_right)
    rows += [where | _share_row("execution_accuracy", name, by_category[name]) for name in sorted(by_category)]
    return rows


def text_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Renders execution accuracy by model and split, for the terminal."""
    return [
        f"{row['model']:8} {row['split']:15} execution accuracy {row['value']:.3f} "
        f"[{row['ci_low']:.3f}, {row['ci_high']:.3f}], n={row['n']}"
        for row in rows
        if row["metric"] == "execution_accuracy" and row["category"] == ALL
    ]


def _share_row(metric: str, category: str, flags: Sequence[bool]) -> dict[str, Any]:
    low, high = wilson_interval(sum(flags), len(flags))
    return _row(metric, category, len(flags), sum(flags) / len(flags), low, high)


def _mean_row(metric: str, values: Sequence[float]) -> dict[str, Any]:
    low, high = mean_interval(values)
    return _row(metric, ALL, len(values), sum(values) / len(values), low, high)


def _row(metric: str, category: str, n: int, value: float, low: float, high: float) -> dict[str, Any]:
    return {"metric": metric, "category": category, "n": n, "value": value, "ci_low": low, "ci_high": high}
