"""Where a training run lives and what its files say, for the assets of training and release."""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.corpus.dataset import INJECTION_QUESTIONS, UNANSWERABLE_QUESTIONS


@dataclass(frozen=True)
class Run:
    """One training run's folder, `<home>/runs/<run_id>`."""

    folder: Path

    @property
    def run_id(self) -> str:
        """The run's id, the folder's name."""
        return self.folder.name

    @property
    def adapter(self) -> Path:
        """The adapter that the run wrote."""
        return self.folder / "adapter"

    @property
    def evaluation(self) -> Path:
        """The folder of the run's evaluation."""
        return self.folder / "evaluation"

    def summary(self) -> dict[str, Any] | None:
        """The content of run.json; None where the run has not succeeded."""
        path = self.folder / "run.json"
        return json.loads(path.read_text()) if path.exists() else None

    def is_evaluated(self, data: Path) -> bool:
        """Whether the run has been evaluated, with the attacks and unanswerable questions that its data set has now."""
        files = {
            data / INJECTION_QUESTIONS: self.evaluation / "injections.jsonl",
            data / UNANSWERABLE_QUESTIONS: self.evaluation / "unanswerable.jsonl",
        }
        return self.scores() is not None and all(_ids(asked) == _ids(answered) for asked, answered in files.items())

    def scores(self) -> list[dict[str, Any]] | None:
        """The rows of evaluation.json; None where the run has not been evaluated."""
        path = self.evaluation / "evaluation.json"
        return json.loads(path.read_text()) if path.exists() else None

    def evaluation_usage(self) -> dict[str, Any]:
        """The content of usage.json: when the evaluation ended, and the seconds and memory that it took."""
        return json.loads((self.evaluation / "usage.json").read_text())

    def results(self) -> list[dict[str, Any]]:
        """The rows of results.jsonl: one per model, split and held-out pair."""
        return _lines(self.evaluation / "results.jsonl")

    def injection_results(self) -> list[dict[str, Any]]:
        """The rows of injections.jsonl: one per model and injection question; none of an earlier version."""
        path = self.evaluation / "injections.jsonl"
        return _lines(path) if path.exists() else []


def _ids(path: Path) -> set[str]:
    return {row["question_id"] for row in _lines(path)} if path.exists() else set()


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run_for(home: Path, dataset_hash: str, config_file: Path, base_model: str) -> Run:
    """Names the run of a data set, a preset and a base model: the same three are the same run, and not trained twice.

    Args:
        home: the state folder.
        dataset_hash: hash of the data set.
        config_file: the preset.
        base_model: file, folder or Hugging Face id; of a path only its last part counts.
    """
    recipe = config_file.read_bytes() + Path(base_model).name.encode()
    return Run(home / "runs" / f"{dataset_hash}-{hashlib.sha256(recipe).hexdigest()[:8]}")


def picture(path: Path) -> dg.MetadataValue:
    """Returns a PNG file as Markdown with the image inside, which Dagster's UI shows without a server for files."""
    data = base64.b64encode(path.read_bytes()).decode()
    return dg.MetadataValue.md(f"![{path.stem}](data:image/png;base64,{data})")


def error_table(scores: list[dict[str, Any]]) -> dg.TableMetadataValue:
    """Why answers are wrong, by model and split, the most frequent first."""
    rows = sorted(
        (row for row in scores if row["metric"] == "error_share"),
        key=lambda row: (row["model"], row["split"], -row["value"]),
    )
    records = [
        dg.TableRecord(
            {
                "model": row["model"],
                "split": row["split"],
                "error class": row["category"],
                "answers": round(row["value"] * row["n"]),
                "n": row["n"],
                "share": f"{row['value']:.1%} [{row['ci_low']:.1%}, {row['ci_high']:.1%}]",
            }
        )
        for row in rows
    ]
    nothing = {"model": "", "split": "", "error class": "none", "answers": 0, "n": 0, "share": ""}
    return dg.MetadataValue.table(records or [dg.TableRecord(nothing)])
