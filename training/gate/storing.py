"""Writes a decision's report beside the adapter it is about; called by the release asset.

Beside it and not in it: an adapter's id is the hash of its content, and must be known before it is judged. The same
adapter, judged again against another champion, is the same adapter with a second report. So each report is a folder
`<home>/adapters/<adapter_id>/gate/<hash>`, named for the hash of its own content; the decision's row holds the whole
hash. There is no question, no SQL and no value in it, so it is not encrypted.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from training.gate.decision import GateDecision
from training.gate.report import REPORT_FILE, Subject, confusion, report
from training.gate.scorecard import Scorecard
from training.plots import plot_categories, plot_confusion, plot_loss
from training.registry.bundle import content_hash


@dataclass(frozen=True)
class StoredReport:
    """Where a report is.

    Attributes:
        folder: Holds report.md and its pictures.
        path: The same, relative to AUDITUNE_HOME.
        content_hash: Over all its files, as of a bundle.
    """

    folder: Path
    path: str
    content_hash: str


def store_report(
    home: Path,
    subject: Subject,
    decision: GateDecision,
    challenger: Scorecard,
    champion: Scorecard | None,
    base: Scorecard,
    metrics: Path,
) -> StoredReport:
    """Draw the pictures, write the report and put both in their place: the whole report, or after a kill none of it.

    Args:
        home: AUDITUNE_HOME.
        subject: Who was judged.
        decision: The verdict.
        challenger: What the new adapter reached.
        champion: What the champion reached; None where there was none.
        base: What the base model reached.
        metrics: The run's metrics.jsonl.

    Returns:
        Where it is. The same report stored again is the same folder.
    """
    place = f"adapters/{subject.adapter_id}/gate"
    (home / place).mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".report-", dir=home / place) as workspace:
        content = Path(workspace) / "content"
        content.mkdir(mode=0o700)
        write_report(content, subject, decision, challenger, champion, base, metrics)
        total = content_hash(content)
        path = f"{place}/{total[:12]}"
        if not (home / path).is_dir():
            os.replace(content, home / path)
    return StoredReport(home / path, path, total)


def write_report(
    folder: Path,
    subject: Subject,
    decision: GateDecision,
    challenger: Scorecard,
    champion: Scorecard | None,
    base: Scorecard,
    metrics: Path,
) -> None:
    """Write report.md and its pictures into a folder; the arguments are those of `store_report`."""
    models = {"challenger": challenger, "champion": champion, "base": base}
    pictures = [("Accuracy by category", "accuracy_by_category.png")]
    plot_categories({name: model for name, model in models.items() if model is not None}, folder / pictures[0][1])
    outcomes = confusion(challenger, champion, base)
    if outcomes is not None:
        pictures.append((f"What became of the same pairs, {outcomes.opponent} against challenger", "errors.png"))
        plot_confusion(outcomes.classes, outcomes.counts, outcomes.opponent, folder / pictures[-1][1])
    pictures.append(("Loss in training", "loss.png"))
    plot_loss(metrics, folder / pictures[-1][1])
    (folder / REPORT_FILE).write_text(report(subject, decision, pictures), encoding="utf-8")
