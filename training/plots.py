"""Pictures of a run and of the gate's report. Used by commands.py, evaluate/run.py and gate/storing.py."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no display: these commands run in the background
from matplotlib import pyplot as plt  # noqa: E402 - the backend must be chosen first

from training.gate.scorecard import ALL, SPLITS, Scorecard  # noqa: E402 - behind the line above

_COLORS = {"challenger": "tab:blue", "champion": "tab:orange", "base": "tab:gray"}


def plot_loss(metrics: Path, target: Path) -> None:
    """Draws training and validation loss over steps.

    Args:
        metrics: The run's metrics.jsonl.
        target: PNG file to write.
    """
    rows = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    validated = [row for row in rows if row["validation_loss"] is not None]
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.plot([row["step"] for row in rows], [row["loss"] for row in rows], label="training", alpha=0.6)
    axes.plot(
        [row["step"] for row in validated], [row["validation_loss"] for row in validated], "o-", label="validation"
    )
    axes.set(xlabel="step", ylabel="loss per SQL token (nats)", yscale="log")
    axes.legend()
    figure.savefig(target, dpi=110)
    plt.close(figure)


def plot_accuracy(rows: list[dict], target: Path) -> None:
    """Draws execution accuracy with its 95 % interval, one bar a model and split.

    Args:
        rows: Content of evaluation.json.
        target: PNG file to write.
    """
    bars = [row for row in rows if row["metric"] == "execution_accuracy" and row["category"] == "all"]
    figure, axes = plt.subplots(figsize=(7, 1.2 + 0.6 * len(bars)), layout="constrained")
    labels = [f"{row['model']}, {row['split'].removesuffix('_split')} split (n={row['n']})" for row in bars]
    errors = [[row["value"] - row["ci_low"] for row in bars], [row["ci_high"] - row["value"] for row in bars]]
    colors = ["tab:blue" if row["model"] == "adapter" else "tab:gray" for row in bars]
    axes.barh(labels, [row["value"] for row in bars], xerr=errors, color=colors, capsize=4)
    axes.set(xlabel="execution accuracy, with 95 % interval", xlim=(0, 1))
    axes.invert_yaxis()
    figure.savefig(target, dpi=110)
    plt.close(figure)


def plot_categories(models: Mapping[str, Scorecard], target: Path) -> None:
    """Draws each model's accuracy with its 95 % interval, over all pairs and by category, one panel a split.

    Args:
        models: Scorecards of `challenger`, `base` and, where there is one, `champion`; the first says which categories.
        target: PNG file to write.
    """
    leading = next(iter(models.values()))
    panels = {split: [ALL, *leading.categories(split)] for split in SPLITS}
    height = 1.6 + 0.19 * len(models) * max(len(names) for names in panels.values())
    figure, axes = plt.subplots(1, len(SPLITS), figsize=(12, height), layout="constrained", squeeze=False)
    for axis, (split, names) in zip(axes[0], panels.items(), strict=True):
        for place, (label, model) in enumerate(models.items()):
            found = [(row, score) for row, name in enumerate(names) if (score := model.score(split, category=name))]
            axis.errorbar(
                [score.value for _, score in found],
                [row + 0.22 * (place - (len(models) - 1) / 2) for row, _ in found],
                xerr=[
                    [max(0.0, score.value - score.ci_low) for _, score in found],
                    [max(0.0, score.ci_high - score.value) for _, score in found],
                ],
                fmt="o", markersize=4, capsize=2, label=label, color=_COLORS[label],
            )  # fmt: skip
        sizes = [leading.score(split, category=name) for name in names]
        labels = [f"{name} ({score.n if score else 0})" for name, score in zip(names, sizes, strict=True)]
        axis.set_yticks(range(len(names)), labels)
        axis.set(title=split.replace("_", " "), xlabel="execution accuracy, with 95 % interval", xlim=(-0.02, 1.02))
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.grid(axis="x", alpha=0.3)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=len(models))
    figure.savefig(target, dpi=110)
    plt.close(figure)


def plot_confusion(
    classes: Sequence[str],
    counts: Mapping[str, Mapping[tuple[str, str], int]],
    opponent: str,
    target: Path,
) -> None:
    """Draws what became of the same pairs with two models, one panel a split; off the diagonal they differ.

    Args:
        classes: `right` and the classes of errors, in the order of rows and columns.
        counts: By split, the number of pairs by the opponent's class and the challenger's.
        opponent: `champion` or `base`: the rows.
        target: PNG file to write.
    """
    size = 2.5 + 0.45 * len(classes)
    figure, axes = plt.subplots(
        1, len(counts), figsize=(size * len(counts), size + 0.5), layout="constrained", squeeze=False
    )
    for axis, (split, cells) in zip(axes[0], counts.items(), strict=True):
        grid = [[cells.get((row, column), 0) for column in classes] for row in classes]
        largest = max(max(row) for row in grid)
        axis.imshow(grid, cmap="Blues", vmin=0, vmax=max(1, largest))
        for y, row in enumerate(grid):
            for x, count in enumerate(row):
                if count:
                    axis.text(x, y, count, ha="center", va="center", color="white" if 2 * count > largest else "black")
        axis.set_xticks(range(len(classes)), classes, rotation=60, ha="right")
        axis.set_yticks(range(len(classes)), classes)
        axis.set(title=split.replace("_", " "), xlabel="challenger", ylabel=opponent)
    figure.savefig(target, dpi=110)
    plt.close(figure)
