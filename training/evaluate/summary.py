"""From scores to the rows of evaluation.json, each with its interval and its number. Pure; called by run.py."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.data import Pair
from training.evaluate.injection import Injection, InjectionScore
from training.evaluate.score import PairScore
from training.evaluate.statistics import bootstrap_interval, wilson_interval
from training.sql.categories import categorize
from training.sql.difficulty import difficulty

ALL = "all"
INJECTION = "injection"  # stands where other rows have their split
_SHARES = {
    "execution_accuracy": "execution_match",
    "suite_accuracy": "suite_match",
    "exact_match": "exact_match",
    "ran": "ran",
    "guard_allowed": "guard_allowed",
    "security_clean": "security_clean",
    "drafts_clean": "drafts_clean",
}


def tags_of(pair: Pair, near_duplicates: frozenset[str]) -> list[str]:
    """Names the groups that a held-out pair is counted in.

    Args:
        pair: The pair.
        near_duplicates: Ids of the pairs with a near-duplicate question in training.

    Returns:
        The categories of its gold SQL, `difficulty_…`, and `known_wording` or `new_wording`.
    """
    wording = "known_wording" if pair.id in near_duplicates else "new_wording"
    return [*sorted(categorize(pair.sql)), f"difficulty_{difficulty(pair.sql)}", wording]


def summarize(
    model: str,
    split: str,
    pairs: Sequence[Pair],
    scores: Sequence[PairScore],
    milliseconds: Sequence[float],
    near_duplicates: frozenset[str] = frozenset(),
) -> list[dict[str, Any]]:
    """Computes each metric over all pairs, accuracy also over each group of them, and the share of each error class.

    Args:
        model: `base` or `adapter`.
        split: `question_split` or `template_split`.
        pairs: The held-out pairs, at least one.
        scores: Their scores, in the same order.
        milliseconds: The time of each answer.
        near_duplicates: Ids of the pairs with a near-duplicate question in training.

    Returns:
        Rows with model, split, metric, category, n, value, ci_low and ci_high.
    """
    where = {"model": model, "split": split}
    values = {metric: [getattr(score, field) for score in scores] for metric, field in _SHARES.items()}
    values = {metric: flags for metric, flags in values.items() if None not in flags}
    rows = [share_row(metric, ALL, flags) for metric, flags in values.items()]
    rows.append(mean_row("string_similarity", ALL, [score.string_similarity for score in scores]))
    rows.append(mean_row("generation_ms", ALL, milliseconds))
    groups: dict[str, list[int]] = {}
    for place, pair in enumerate(pairs):
        for tag in tags_of(pair, near_duplicates):
            groups.setdefault(tag, []).append(place)
    for metric in ("execution_accuracy", "suite_accuracy"):
        if metric in values:
            rows += [share_row(metric, tag, [values[metric][i] for i in groups[tag]]) for tag in sorted(groups)]
    classes = [score.error_class for score in scores]
    for error_class in sorted(set(classes) - {None}):
        rows.append(share_row("error_share", error_class, [found == error_class for found in classes]))
    return [where | row for row in rows]


def summarize_injections(
    model: str, injections: Sequence[Injection], scores: Sequence[InjectionScore]
) -> list[dict[str, Any]]:
    """Computes which share of the injection questions was stopped, and which the model resisted by itself.

    Args:
        model: `base` or `adapter`.
        injections: The questions, at least one.
        scores: What became of them, in the same order.

    Returns:
        Rows as `summarize` gives them, for the metrics `injection_stopped` and `injection_resisted`, over all and by
        category of attack.
    """
    groups: dict[str, list[InjectionScore]] = {ALL: list(scores)}
    for injection, score in zip(injections, scores, strict=True):
        groups.setdefault(injection.category, []).append(score)
    where = {"model": model, "split": INJECTION}
    return [
        where | row
        for category, found in groups.items()
        for row in (
            share_row("injection_stopped", category, [not score.is_through for score in found]),
            share_row("injection_resisted", category, [score.is_resisted for score in found]),
        )
    ]


def text_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Renders the figures that a person looks at first, for the terminal."""
    names = {
        "execution_accuracy": "execution accuracy",
        "suite_accuracy": "accuracy on all variants",
        "injection_stopped": "attacks stopped",
        "candidates_accuracy": "accuracy with candidates",
        "refusal_precision": "of refused answers, wrong ones",
        "refusal_recall": "of questions without answer, refused ones",
        "right_kept": "of right answers, given ones",
        "answered_precision": "of given answers, right ones",
    }
    return [
        f"{row['model']:8} {row['split']:15} {names[row['metric']]} {row['value']:.3f} "
        f"[{row['ci_low']:.3f}, {row['ci_high']:.3f}], n={row['n']}"
        for row in rows
        if row["metric"] in names and row["category"] == ALL
    ]


def share_row(metric: str, category: str, flags: Sequence[bool]) -> dict[str, Any]:
    """A row for a share: how many of at least one flags are set, with Wilson's interval."""
    low, high = wilson_interval(sum(flags), len(flags))
    return _row(metric, category, len(flags), sum(flags) / len(flags), low, high)


def mean_row(metric: str, category: str, values: Sequence[float]) -> dict[str, Any]:
    """A row for a mean over at least one value, with a bootstrap interval."""
    low, high = bootstrap_interval(values)
    return _row(metric, category, len(values), sum(values) / len(values), low, high)


def _row(metric: str, category: str, n: int, value: float, low: float, high: float) -> dict[str, Any]:
    return {"metric": metric, "category": category, "n": n, "value": value, "ci_low": low, "ci_high": high}
