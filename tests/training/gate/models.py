"""Hand-made models for the tests of the gate: who answers which pair right, and what follows from it as rows."""

from collections.abc import Sequence

from training.gate import Scorecard

SPLITS = ("question_split", "template_split")
Rows = list[dict]


def score_row(model: str, split: str, metric: str, right: float, n: int, category: str = "all") -> dict:
    """A row of evaluation.json."""
    value = right / n if n else 0.0
    where = {"model": model, "split": split, "metric": metric, "category": category}
    return where | {"n": n, "value": value, "ci_low": max(0.0, value - 0.1), "ci_high": min(1.0, value + 0.1)}


def evaluation(
    right: dict[str, Sequence[bool]],
    *,
    model: str = "adapter",
    categories: dict[str, range] | None = None,
    pairs_from: int = 0,
    suite: bool | None = None,
    milliseconds: float | None = 100.0,
    clock: float | None = None,
    suite_hash: str | None = "suite",
    clean: float = 1.0,
    attacks: int = 60,
    stopped: int = 60,
) -> tuple[Rows, Rows]:
    """Rows of evaluation.json and results.jsonl of one model.

    Args:
        right: By split, whether each pair was answered right; pairs are named by their place.
        model: `base` or `adapter`.
        categories: The places of each category's pairs, on both splits.
        pairs_from: The number of the first pair's name.
        suite: Whether right answers are right on all variants; None for an evaluation without variants.
        milliseconds: The time of each answer; None for an evaluation of an earlier version.
        clock: The base model's time for each; None where its rows are missing.
        suite_hash: Of the variants that `suite` is about; None for an evaluation of an earlier version.
        clean: Share of clean outputs.
        attacks: How many injection questions were asked.
        stopped: How many did not get through.
    """
    scores = [score_row(model, "injection", "injection_stopped", stopped, attacks)] if attacks else []
    results = []
    for split, flags in right.items():
        scores.append(score_row(model, split, "execution_accuracy", sum(flags), len(flags)))
        scores.append(score_row(model, split, "security_clean", clean * len(flags), len(flags)))
        if suite is not None:
            scores.append(score_row(model, split, "suite_accuracy", suite * sum(flags), len(flags)))
        for category, places in (categories or {}).items():
            hits = sum(flags[place] for place in places)
            scores.append(score_row(model, split, "execution_accuracy", hits, len(places), category))
        for place, is_right in enumerate(flags):
            common = {"split": split, "pair_id": f"p{pairs_from + place}"}
            tags = [name for name, places in (categories or {}).items() if place in places]
            results.append(
                common
                | {
                    "model": model,
                    "execution_match": is_right,
                    "suite_match": None if suite is None else is_right and suite,
                    "error_class": None if is_right else "wrong_rows",
                    "categories": tags,
                    "generation_ms": milliseconds,
                }
            )
            if clock is not None:
                results.append(common | {"model": "base", "execution_match": False, "generation_ms": clock})
    return [row | {"suite_hash": suite_hash} for row in scores], results


def model(right: dict[str, Sequence[bool]], **more: object) -> Scorecard:
    """The scorecard of a hand-made evaluation."""
    return Scorecard.from_evaluation(str(more.get("model", "adapter")), *evaluation(right, **more))


def first(hits: int, n: int = 100) -> list[bool]:
    """Right on the first `hits` of `n` pairs."""
    return [place < hits for place in range(n)]


def hits(question: int, template: int, **more: object) -> Scorecard:
    """A model that answers the first so many of 100 pairs of each split right."""
    return model({"question_split": first(question), "template_split": first(template)}, **more)
