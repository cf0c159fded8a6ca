"""What it gains, and costs, to write several answers to each question and let their results decide; for run.py."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from training.choice import choose_by_result, distinct
from training.data import Pair
from training.evaluate.answering import Answered, Model
from training.evaluate.score import Scorer
from training.evaluate.summary import ALL, mean_row, share_row
from training.sql.catalog import Catalog
from training.sql.sandbox import Executor


def candidate_scores(
    name: str,
    model: Model,
    splits: Mapping[str, Sequence[Pair]],
    answers: Mapping[str, Answered],
    count: int,
    judged_by: tuple[Scorer, Executor, Catalog],
) -> list[dict[str, Any]]:
    """Answers the held-out questions again, as the API does with `candidates`, and compares.

    Args:
        name: `adapter`.
        model: The model.
        splits: Held-out pairs by split.
        answers: Its single answers, by question.
        count: Candidates a question.
        judged_by: The scorer, and where the candidates run.

    Returns:
        Rows as `summarize` gives them, for the metrics `candidates_accuracy`, `candidates_gained` and `candidates_lost`
        (shares of all questions that are right only with candidates, and only without), and `candidates_ms` (mean time
        of a question, its statements included; `generation_ms` is that of a single answer).
    """
    scorer, executor, catalog = judged_by
    questions = list(dict.fromkeys(pair.question for pairs in splits.values() for pair in pairs))
    drawn = model.answer(questions, f"questions, {count} candidates each", candidates=count)
    chosen = {question: _choose(answer, executor, catalog) for question, answer in zip(questions, drawn, strict=True)}
    rows: list[dict[str, Any]] = []
    for split, pairs in splits.items():
        single = [scorer.score(pair, answers[pair.question]).execution_match for pair in pairs]
        several = [scorer.score(pair, chosen[pair.question]).execution_match for pair in pairs]
        both = list(zip(single, several, strict=True))
        rows += [
            {"model": name, "split": split, **row}
            for row in (
                share_row("candidates_accuracy", ALL, several),
                share_row("candidates_gained", ALL, [now and not before for before, now in both]),
                share_row("candidates_lost", ALL, [before and not now for before, now in both]),
                mean_row("candidates_ms", ALL, [chosen[pair.question].milliseconds for pair in pairs]),
            )
        ]
    return rows


def _choose(answer: Answered, executor: Executor, catalog: Catalog) -> Answered:
    began = time.monotonic()
    found = distinct(answer.written, answer.draft_log_probabilities, catalog)
    sql = answer.sql
    if len(found) > 1:
        sql = found[choose_by_result(found, [executor.run(candidate.sql) for candidate in found])].sql
    return replace(answer, sql=sql, milliseconds=answer.milliseconds + (time.monotonic() - began) * 1000)
