"""When the adapter should rather not answer: fits the calibration on the dev part, and judges it on the test part.

The questions that nothing in the warehouse answers come with the data set, in `unanswerable_questions.jsonl`, which
Dagster writes from dbt's seed of that name; each has its part, dev or test. Called by run.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.confidence import FEATURES, Calibration, Evidence, Witness
from training.data import Pair
from training.evaluate.answering import Answered
from training.evaluate.question_files import load_question_file
from training.evaluate.score import Scorer
from training.evaluate.summary import ALL, share_row
from training.sql.catalog import Catalog
from training.sql.guard import check

FILE = "unanswerable_questions.jsonl"
UNANSWERABLE = "unanswerable"  # stands where other rows have their split
KEPT_RIGHT = 0.95  # share of the dev part's right answers that are still given: the threshold is the highest such one
_FEWEST = 20  # right and other answers that a fit needs
_PENALTY = 1.0
_STEPS = 50


@dataclass(frozen=True)
class Unanswerable:
    """A question that nothing in the warehouse answers: its name in the seed, what it is about, and its part."""

    id: str
    category: str
    part: str
    question: str


@dataclass(frozen=True)
class JudgedAnswer:
    """An answer that would be served: the evidence on it, and whether it is right."""

    evidence: Evidence
    is_right: bool


def load_unanswerable(data: Path) -> tuple[Unanswerable, ...]:
    """Reads a data set's unanswerable questions.

    Args:
        data: Dataset folder.

    Returns:
        The questions; none where the folder has no file of them.

    Raises:
        BadInput: The file is broken.
    """
    return load_question_file(
        data / FILE, lambda row: Unanswerable(row["question_id"], row["category"], row["part"], row["question"])
    )


def fit(answers: Sequence[JudgedAnswer]) -> Calibration | None:
    """Fits a logistic regression by Newton's method and chooses the threshold.

    Maximizes Σ log p(what was seen) - (penalty / 2) · |weights|², over standardized features: each step solves
    (Xᵀ diag(p (1 - p)) X + penalty) · step = Xᵀ (y - p) - penalty · weights (Hastie, Tibshirani and Friedman, The
    Elements of Statistical Learning, section 4.4.1). The threshold is the highest that still gives `KEPT_RIGHT` of the
    right answers.

    Args:
        answers: The dev part's.

    Returns:
        The calibration, rounded to four digits; None where there are too few right or too few other answers.
    """
    right = np.array([answer.is_right for answer in answers], dtype=float)
    if min(right.sum(), (1 - right).sum()) < _FEWEST:
        return None
    features = np.array([[getattr(answer.evidence, name) for name in FEATURES] for answer in answers])
    means, scales = features.mean(axis=0), features.std(axis=0)
    scales[scales < 1e-9] = 1.0  # a feature that never changes says nothing
    design = np.column_stack([np.ones(len(answers)), (features - means) / scales])  # [N, 1 + features]
    penalty = _PENALTY * np.diag([0.0] + [1.0] * len(FEATURES))
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-design @ weights))
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + penalty
        weights += np.linalg.solve(hessian, design.T @ (right - p) - penalty @ weights)
    numbers = [tuple(round(float(value), 4) for value in values) for values in (means, scales, weights[1:])]
    fitted = Calibration(*numbers, bias=round(float(weights[0]), 4), threshold=0.0)
    given = sorted(fitted.confidence(answer.evidence) for answer in answers if answer.is_right)
    lowest = given[int((1 - KEPT_RIGHT) * len(given))]
    return Calibration(*numbers, bias=fitted.bias, threshold=np.floor(lowest * 10_000) / 10_000)


class RefusalJudge:
    """Answers of one model, judged for whether they had better be refused."""

    def __init__(self, catalog: Catalog, scorer: Scorer, answers: Mapping[str, Answered]) -> None:
        """Prepares.

        Args:
            catalog: The tables that questions are about.
            scorer: Knows what is right.
            answers: All answers of the model, by question.
        """
        self._catalog, self._scorer, self._answers = catalog, scorer, answers
        self._witness = Witness(catalog)

    def judge(self, pairs: Sequence[Pair], unanswerable: Sequence[Unanswerable]) -> list[JudgedAnswer]:
        """Judges the answers that the guard lets pass; of the others nothing is served anyhow."""
        found = [(pair.question, pair) for pair in pairs] + [(asked.question, None) for asked in unanswerable]
        judged = []
        for question, pair in found:
            evidence = self.evidence(question)
            if evidence is not None:
                is_right = pair is not None and self._scorer.score(pair, self._answers[question]).execution_match
                judged.append(JudgedAnswer(evidence, is_right))
        return judged

    def evidence(self, question: str) -> Evidence | None:
        """The evidence on the answer to a question; None where the guard refuses it or the engine tells nothing."""
        answer = self._answers[question]
        if not check(answer.sql, self._catalog).allowed:
            return None
        return self._witness.evidence(question, answer.sql, answer.written, answer.log_probability)


def refusal_scores(
    model: str,
    calibration: Calibration,
    judge: RefusalJudge,
    pairs: Sequence[Pair],
    unanswerable: Sequence[Unanswerable],
) -> list[dict[str, Any]]:
    """Measures the refusal on the test part.

    Args:
        model: `adapter`.
        calibration: As fitted on the dev part.
        judge: Of the model's answers.
        pairs: Test pairs.
        unanswerable: All questions without answer; those of the test part count.

    Returns:
        Rows as `summarize` gives them, for the metrics `refusal_precision` (of what was refused, the share that would
        have been wrong), `refusal_recall` (of the questions without answer, the share that got none; also by
        category), `right_kept` (of the right answers, the share that was given) and `answered_precision` (of what was
        given, the share that is right).
    """
    tests = [asked for asked in unanswerable if asked.part == "test"]
    judged = judge.judge(pairs, tests)
    answers = [(answer.is_right, calibration.is_given(answer.evidence)) for answer in judged]
    flags = {
        ("refusal_precision", ALL): [not is_right for is_right, is_given in answers if not is_given],
        ("right_kept", ALL): [is_given for is_right, is_given in answers if is_right],
        ("answered_precision", ALL): [is_right for is_right, is_given in answers if is_given],
    }
    for asked in tests:
        for category in (ALL, asked.category):
            is_refused = not is_answered(asked.question, judge, calibration)
            flags.setdefault(("refusal_recall", category), []).append(is_refused)
    where = {"model": model, "split": UNANSWERABLE}
    return [where | share_row(metric, category, found) for (metric, category), found in flags.items() if found]


def is_answered(question: str, judge: RefusalJudge, calibration: Calibration | None) -> bool:
    """Tells whether a question would be answered: the guard lets the answer pass, and it is sure enough."""
    evidence = judge.evidence(question)
    return evidence is not None and (calibration is None or calibration.is_given(evidence))


def answer_row(model: str, asked: Unanswerable, judge: RefusalJudge, calibration: Calibration | None) -> dict[str, Any]:
    """Says in a row what became of a question without answer."""
    evidence = judge.evidence(asked.question)
    return {
        "model": model,
        "question_id": asked.id,
        "category": asked.category,
        "part": asked.part,
        "confidence": None if evidence is None or calibration is None else calibration.confidence(evidence),
        "is_refused": not is_answered(asked.question, judge, calibration),
    }
