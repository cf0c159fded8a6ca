"""From evaluation.json of each split to the benchmark's result, as JSON and as Markdown. Pure; called by run.py."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from training.benchmarks.text_to_sql.source import SPLITS
from training.evaluate.statistics import wilson_interval

MODELS = ("base", "adapter")
CANDIDATE_FIGURES = ("candidates_accuracy", "candidates_gained", "candidates_lost", "candidates_ms", "generation_ms")
_DIGITS = 4


def figures(rows: Iterable[Mapping[str, Any]], model: str, split: str) -> dict[str, Any]:
    """Takes one model's figures on one split out of an evaluation.

    Args:
        rows: The rows of evaluation.json.
        model: `base` or `adapter`.
        split: The split as the evaluation calls it.

    Returns:
        `execution_accuracy` with `n` and its 95 % interval `ci95`, the shares `exact_match`, `ran` and, right on the
        tables and on all their variants, `suite_accuracy`; and where they were measured the figures of candidates.
    """
    found = {
        row["metric"]: row for row in rows if (row["model"], row["split"], row["category"]) == (model, split, "all")
    }
    accuracy = found["execution_accuracy"]
    measured = CANDIDATE_FIGURES if "candidates_accuracy" in found else ()
    return {
        "execution_accuracy": round(accuracy["value"], _DIGITS),
        "n": accuracy["n"],
        "ci95": [round(accuracy["ci_low"], _DIGITS), round(accuracy["ci_high"], _DIGITS)],
        "exact_match": round(found["exact_match"]["value"], _DIGITS),
        "ran": round(found["ran"]["value"], _DIGITS),
        "suite_accuracy": round(found["suite_accuracy"]["value"], _DIGITS),
        **{name: round(found[name]["value"], _DIGITS) for name in measured},
    }


def markdown(result: Mapping[str, Any]) -> str:
    """Writes the result as a page.

    Args:
        result: What run.py returns.

    Returns:
        The page, ending in a line break.
    """
    rows = [_row(result, model, split) for split in SPLITS for model in MODELS if split in result[model]]
    trained = [
        f"| {split} | {count['trained']} | {count['judged']} | {count['left_out']} | "
        f"{result['seconds'][split]['training']} | {result['seconds'][split]['evaluation']} |"
        for split, count in result["pairs"].items()
    ]
    suite = result["suite"]
    lines = [
        f"# Text to SQL: {result['benchmark']}, {result['eval_split']} parts",
        "",
        f"Base model {result['base_model']}, preset `{result['config']}`, on {result['hardware']}. "
        "Shares with Wilson's 95 % interval; `exact` is equality of the canonical forms, `ran` the share "
        "of answers that the guard let run and that gave no error, `all databases` the share that is right on the "
        f"tables and on all {suite['variants']} variants of them (the tables alone tell {suite['kill_rate_alone']:.1%} "
        f"of {suite['mutants']} mutants from their gold query, with the variants {suite['kill_rate']:.1%}).",
        "",
        *_table(("split", "model", "n", "execution accuracy", "exact", "ran", "all databases"), rows),
        "",
        f"Pairs whose SQL cannot be used: {len(result['unusable'])}.",
        "",
        *_candidates(result),
        "Pairs that were learnt from, judged, and left out of training because what is judged must be new; and "
        "seconds.",
        "",
        *_table(("split", "trained", "judged", "left out", "training s", "evaluation s"), trained),
    ]
    return "\n".join(lines) + "\n"


def _row(result: Mapping[str, Any], model: str, split: str) -> str:
    found = result[model][split]
    shares = (found[name] for name in ("execution_accuracy", "exact_match", "ran", "suite_accuracy"))
    return f"| {split} | {model} | {found['n']} | {' | '.join(_with_interval(share, found['n']) for share in shares)} |"


def _with_interval(share: float, n: int) -> str:
    low, high = wilson_interval(round(share * n), n)
    return f"{share:.3f} [{low:.3f}, {high:.3f}]"


def _candidates(result: Mapping[str, Any]) -> list[str]:
    """What candidates gain and cost; nothing where they were not measured."""
    rows = [
        f"| {split} | {_with_interval(found['candidates_accuracy'], found['n'])} | {found['candidates_gained']:.3f} | "
        f"{found['candidates_lost']:.3f} | {found['candidates_ms']:.0f} | {found['generation_ms']:.0f} |"
        for split, found in result["adapter"].items()
        if "candidates_accuracy" in found
    ]
    if not rows:
        return []
    heads = ("split", "accuracy", "gained", "lost", "ms a question", "ms with one answer")
    return [
        "The adapter with several answers to each question, of which the results decide.",
        "",
        *_table(heads, rows),
        "",
    ]


def _table(heads: Sequence[str], rows: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *rows]
