"""What the champion reached, as the gate compares it with a challenger. Called by the release asset.

Its rows are those of its own evaluation. What they say of the test databases is of the suite of that time, and a suite
is chosen anew with each data set: so the champion's answers are run once more, on the suite that the challenger was
judged by. Its adapter is not asked again.
"""

import json
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from dagster_project.warehouse.settings import Warehouse
from training.evaluate.suite.score import TestSuite
from training.gate import Scorecard
from training.gate.scorecard import SUITE_ACCURACY
from training.registry.records import AdapterRecord

Rows = list[dict[str, Any]]


def champion_scorecard(
    connection: psycopg.Connection,
    settings: Warehouse,
    champion: AdapterRecord,
    base_model: str,
    suite_hash: str | None,
    data: Path,
) -> Scorecard:
    """Reads the champion's scores; the gate pairs what is shared.

    Args:
        connection: Of role auditune_owner.
        settings: Of the warehouse.
        champion: The present champion.
        base_model: The challenger's; where it is the champion's too, the base model's answers come along as the clock.
        suite_hash: The test databases that the challenger was judged by; None where it was by none.
        data: Folder of the data set that the challenger was judged on.

    Returns:
        The scores. Of the challenger's test databases where those still stand, else of those of its own time.
    """
    models = ["adapter", "base"] if champion.base_model == base_model else ["adapter"]
    with connection.cursor(row_factory=dict_row) as cursor:
        scores, results = (
            cursor.execute(
                f"select * from raw_training.{table} where evaluation_id = %s and model = any(%s)",
                [champion.run_id, models],
            ).fetchall()
            for table in ("evaluations", "evaluation_results")
        )
    if suite_hash is not None and any(row["suite_hash"] != suite_hash for row in scores):
        with TestSuite.connect(settings.sandbox_dsn, settings.schemas) as suite:
            if suite.suite_hash == suite_hash:
                scores, results = judged_again(scores, results, suite, _golds(data))
    return Scorecard.from_evaluation("adapter", scores, results)


def judged_again(scores: Rows, results: Rows, suite: TestSuite, golds: dict[str, str]) -> tuple[Rows, Rows]:
    """Puts the verdict of another suite of test databases in the place of the one that rows hold.

    Args:
        scores: Rows of raw_training.evaluations.
        results: Rows of raw_training.evaluation_results, with the SQL that was predicted.
        suite: The test databases.
        golds: The right SQL of each pair of the present data set, by the pair's id.

    Returns:
        The rows, with `suite_match` null for pairs that the data set no longer has, and without the accuracy on the
        other suite.
    """
    kept = [row | {"suite_hash": suite.suite_hash} for row in scores if row["metric"] != SUITE_ACCURACY]
    return kept, [row | {"suite_match": _matches(row, suite, golds)} for row in results]


def _matches(row: dict[str, Any], suite: TestSuite, golds: dict[str, str]) -> bool | None:
    gold = golds.get(row["pair_id"])
    if gold is None or row["model"] == "base":  # the base model's rows are there for their times alone
        return None
    # What ran in the sandbox has been allowed by the guard; what is wrong there need not be run again.
    return row["execution_match"] and suite.matches(gold, row["predicted_sql"])


def _golds(data: Path) -> dict[str, str]:
    pairs = (json.loads(line) for line in (data / "pairs.jsonl").read_text(encoding="utf-8").splitlines())
    return {pair["id"]: pair["output"] for pair in pairs}
