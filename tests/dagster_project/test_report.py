"""The report's lines, from the figures of a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from dagster_project.report import report_lines
from dagster_project.warehouse.settings import Warehouse

SPLIT = {"execution_accuracy": 0.625, "n": 80, "ci95": [0.5, 0.731]}
REPORT = {
    "seconds": {"ingest": 2.0, "training": 301.4, "replay": 9.0, "evaluation": 60.2, "dataset": 0.1, "release": 3.0},
    "total_seconds": 412.0,
    "corpus": {"log_lines": 9000, "statements": 210, "questions": 460, "pairs_validated": 431, "pairs_rejected": 29},
    "training": {
        "base_model": "tiny.gguf", "trainable_fraction": 0.0123, "examples": 300, "epochs": 3.0, "seconds": 301.4,
        "pairs_per_second": 2.98,
    },
    "evaluation": {
        "base": {"template_split": SPLIT | {"execution_accuracy": 0.0, "ci95": [0.0, 0.02]}, "question_split": SPLIT},
        "adapter": {"template_split": SPLIT, "question_split": SPLIT | {"execution_accuracy": 0.75}},
    },
    "release": {"adapter_id": "abc", "champion": "def", "encrypted": True},
    "serving": {"asked": 24, "executed_ok": 20, "p50_ms": 812.4, "p95_ms": 1500.0},
}  # fmt: skip


@pytest.fixture
def somewhere() -> Warehouse:
    return Warehouse(Path("/somewhere/.auditune"), "", "", "", "", "", None, ("shop",), (), "tiny.gguf")


@pytest.fixture
def lines(somewhere: Warehouse) -> list[str]:
    return report_lines(REPORT, somewhere)


def line(lines: list[str], start: str) -> str:
    (found,) = [text for text in lines if text.startswith(start)]
    return found


def test_the_first_line_has_the_whole_time_and_the_five_slowest_stages(lines: list[str]) -> None:
    assert line(lines, "Done") == (
        "Done in 6 min 52 s: training 301 s, evaluation 60 s, replay 9 s, release 3 s, ingest 2 s"
    )


def test_the_corpus_and_the_training_have_their_figures(lines: list[str]) -> None:
    assert line(lines, "corpus") == (
        "corpus      9000 log lines, 210 statements, 460 questions: 431 pairs validated, 29 rejected"
    )
    assert line(lines, "training") == (
        "training    300 examples, 3 epochs on tiny.gguf in 5 min 1 s (3.0 pairs/s, 1.23% of the weights)"
    )


def test_base_and_adapter_stand_side_by_side_on_both_splits_with_their_intervals(lines: list[str]) -> None:
    assert [text for text in lines if text.startswith("evaluation")] == [
        "evaluation  base    question_split 62.5% [50.0%, 73.1%] of 80, template_split 0.0% [0.0%, 2.0%] of 80",
        "evaluation  adapter question_split 75.0% [50.0%, 73.1%] of 80, template_split 62.5% [50.0%, 73.1%] of 80",
    ]


def test_release_and_serving(lines: list[str]) -> None:
    assert line(lines, "release") == "release     champion def (encrypted), newest adapter abc"
    assert line(lines, "serving").endswith("24 held-out questions asked, 20 answers ran, p50 812 ms, p95 1500 ms")


def test_an_adapter_in_clear_is_said_aloud(somewhere: Warehouse) -> None:
    in_clear = REPORT | {"release": REPORT["release"] | {"encrypted": False}}

    assert "NOT encrypted" in line(report_lines(in_clear, somewhere), "release")


def test_each_kind_of_user_has_a_next_step_and_the_report_a_place(lines: list[str]) -> None:
    text = "\n".join(lines)

    assert all(user in text for user in ("analytics engineer", "platform engineer", "analyst   "))
    assert "/somewhere/.auditune/report.json" in text


def test_no_password_is_printed(somewhere: Warehouse) -> None:
    secret = replace(somewhere, dsn="postgresql://o:hunter2@h:1/d", monitor_dsn="postgresql://m:hunter2@h:1/d")

    assert "hunter2" not in "\n".join(report_lines(REPORT, secret))
