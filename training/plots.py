"""Pictures of a run: the loss curve and the accuracy by model and split. Used by commands.py."""

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no display: these commands run in the background
from matplotlib import pyplot as plt  # noqa: E402 - the backend must be chosen first


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
