"""The report at the end of `make run`: read from the warehouse, printed, and kept as `.auditune/report.json`.

Called by `pipeline.py`. Nothing in it is computed here: each figure is what a table of the warehouse says.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from dagster_project.warehouse.connect import connect
from dagster_project.warehouse.settings import Warehouse

_FIGURES = (Path(__file__).parent / "report.sql").read_text()


def make_report(
    warehouse: Warehouse, seconds: dict[str, float], total_seconds: float, since: datetime
) -> dict[str, Any]:
    """Reads the figures and writes `report.json`.

    Args:
        warehouse: the warehouse.
        seconds: seconds by stage.
        total_seconds: seconds from the start of the command.
        since: when the run started; requests before that are not counted.

    Returns:
        The report, as it stands in the file.
    """
    with connect(warehouse.dsn, "AUDITUNE_DSN") as connection:
        (figures,) = connection.execute(_FIGURES, {"since": since}).fetchone()
    report = {"seconds": seconds, "total_seconds": round(total_seconds, 1), **figures}
    (warehouse.home / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    return report


def report_lines(report: dict[str, Any], warehouse: Warehouse) -> list[str]:
    """Returns the report as lines for a terminal, with a next step for each kind of user.

    Args:
        report: what `make_report` returned.
        warehouse: the warehouse.
    """
    corpus, training, release, serving = (report[part] for part in ("corpus", "training", "release", "serving"))
    slowest = sorted(report["seconds"].items(), key=lambda item: -item[1])[:5]
    lines = [
        "",
        f"Done in {_minutes(report['total_seconds'])}: "
        + ", ".join(f"{name} {value:.0f} s" for name, value in slowest),
        "",
        f"corpus      {corpus['log_lines']} log lines, {corpus['statements']} statements,"
        f" {corpus['questions']} questions: {corpus['pairs_validated']} pairs validated,"
        f" {corpus['pairs_rejected']} rejected",
        f"training    {training['examples']} examples, {training['epochs']:g} epochs on {training['base_model']} in"
        f" {_minutes(training['seconds'])} ({training['pairs_per_second']:.1f} pairs/s,"
        f" {training['trainable_fraction']:.2%} of the weights)",
    ]
    for model, splits in sorted(report["evaluation"].items(), reverse=True):
        measured = ", ".join(f"{split} {_accuracy(score)}" for split, score in sorted(splits.items()))
        lines.append(f"evaluation  {model:<8}{measured}")
    encrypted = "encrypted" if release["encrypted"] else "NOT encrypted"
    lines += [
        f"release     champion {release['champion']} ({encrypted}), newest adapter {release['adapter_id']}",
        f"serving     {serving['asked']} held-out questions asked, {serving['executed_ok']} answers ran,"
        f" p50 {serving['p50_ms']:.0f} ms, p95 {serving['p95_ms']:.0f} ms",
        "",
        f"The whole report: {warehouse.home / 'report.json'}",
        "",
        "Next:",
        "  analytics engineer   add a question to dbt_project/seeds/question_annotations.csv, then"
        " `. .auditune/env && .venv/bin/dbt build --project-dir dbt_project --select +training_pairs`",
        "  platform engineer    `make up`, then open http://127.0.0.1:3000",
        "  analyst              `. .auditune/env &&"
        " .venv/bin/psql \"$AUDITUNE_MONITOR_DSN\" -c 'select * from monitoring.daily_quality'`",
    ]
    return lines


def _accuracy(score: dict[str, Any]) -> str:
    low, high = score["ci95"]
    return f"{score['execution_accuracy']:.1%} [{low:.1%}, {high:.1%}] of {score['n']}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"
