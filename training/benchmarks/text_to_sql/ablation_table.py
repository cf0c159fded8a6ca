"""The ablation's figures: accuracy with its interval, the test against the run beside it, and the page with both.

Pure; called by ablations.py.
"""

from collections.abc import Mapping
from typing import Any

from training.evaluate.statistics import mcnemar_exact, wilson_interval

_PARTS = {"question_split": "questions", "template_split": "new templates"}
_DIGITS = 4


def compare(right: Mapping[str, bool], of_other: Mapping[str, bool] | None) -> dict[str, Any]:
    """Computes what a run reached on one part, and how it differs from the run that it is compared with.

    Args:
        right: Whether each pair was answered like its gold.
        of_other: The same of the other run; None where there is none.

    Returns:
        `execution_accuracy`, `n` and the 95 % interval `ci95`; with another run the pairs `gained` and `lost` against
        it and the exact p-value `p`.
    """
    count = sum(right.values())
    low, high = wilson_interval(count, len(right))
    figures = {
        "execution_accuracy": round(count / len(right), _DIGITS),
        "n": len(right),
        "ci95": [round(low, _DIGITS), round(high, _DIGITS)],
    }
    if of_other is None:
        return figures
    gained = sum(is_right and not of_other[pair] for pair, is_right in right.items())
    lost = sum(of_other[pair] and not is_right for pair, is_right in right.items())
    return figures | {"gained": gained, "lost": lost, "p": round(mcnemar_exact(gained, lost), _DIGITS)}


def markdown(result: Mapping[str, Any]) -> str:
    """Writes the page.

    Args:
        result: What `run_ablations` returns.

    Returns:
        The page, ending in a line break.
    """
    heads = ["run", "compared with"]
    for part in _PARTS.values():
        heads += [part, "gained, lost, p"]
    heads.append("training s")
    lines = [
        f"# Ablations: {result['benchmark']}, fold {result['fold']}",
        "",
        f"Base model {result['base_model']}, preset `{result['config']}` with {result['epochs']} epochs, on "
        f"{result['hardware']}. Execution accuracy with Wilson's 95 % interval; behind it the pairs that only this "
        "run or only the one that it is compared with has right, and McNemar's exact p of that.",
        "",
        f"| {' | '.join(heads)} |",
        f"|{' --- |' * len(heads)}",
        *(_row(name, figures) for name, figures in result["levers"].items()),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, figures: Mapping[str, Any]) -> str:
    cells = [name, figures["against"] or ""]
    for part in _PARTS:
        found = figures[part]
        low, high = found["ci95"]
        cells.append(f"{found['execution_accuracy']:.3f} [{low:.3f}, {high:.3f}] of {found['n']}")
        cells.append(f"+{found['gained']} -{found['lost']}, p = {found['p']:.3f}" if "p" in found else "")
    seconds = figures["training_seconds"]
    cells.append("" if seconds is None else f"{seconds:.0f}")
    return f"| {' | '.join(cells)} |"
