"""When an adapter should rather not answer: fitted on the dev part, measured on the test part, released with it."""

import pytest

from tests.training.small_dataset import CATALOG
from training.data import Pair
from training.evaluate.answering import Answered
from training.evaluate.refusal import RefusalJudge, Unanswerable, answer_row, fit, refusal_scores
from training.evaluate.score import Scorer
from training.sql.sandbox import Executor

GOLD = "SELECT COUNT(*) FROM orders"
WEATHER = Unanswerable("w", "other_subject", "test", "will it rain on day 1")
BLOCKED = Unanswerable("b", "other_subject", "test", "drop everything")


@pytest.fixture(scope="module")
def judge(sandbox_dsn):
    """A model that is sure of what it knows, and guesses at the weather; of the third question it writes nonsense."""
    answers = {f"how many orders {n}": Answered(GOLD, (GOLD,), 1.0, -0.2) for n in range(40)}
    answers |= {f"will it rain on day {n}": Answered(GOLD, (GOLD,), 1.0, -8.0 - n % 3) for n in range(40)}
    answers[BLOCKED.question] = Answered("drop table orders", ("drop table orders",), 1.0, -0.1)
    with Executor(sandbox_dsn, "sandbox_shop") as executor:
        yield RefusalJudge(CATALOG, Scorer(CATALOG, [], executor), answers)


def pairs(numbers: range) -> list[Pair]:
    return [Pair(str(n), f"how many orders {n}", GOLD, "test", "train") for n in numbers]


def weather(numbers: range, part: str) -> list[Unanswerable]:
    return [Unanswerable(f"w{n}", "other_subject", part, f"will it rain on day {n}") for n in numbers]


def test_the_threshold_of_the_dev_part_tells_the_test_part_apart(judge):
    calibration = fit(judge.judge(pairs(range(30)), weather(range(30), "dev")))
    asked = [*weather(range(30), "dev"), *weather(range(30, 40), "test"), BLOCKED]
    rows = refusal_scores("adapter", calibration, judge, pairs(range(30, 40)), asked)
    found = {(row["metric"], row["category"]): (row["value"], row["n"]) for row in rows}
    assert found == {
        ("refusal_precision", "all"): (1.0, 10),
        ("right_kept", "all"): (1.0, 10),
        ("answered_precision", "all"): (1.0, 10),
        ("refusal_recall", "all"): (1.0, 11),
        ("refusal_recall", "other_subject"): (1.0, 11),
    }
    row = answer_row("adapter", WEATHER, judge, calibration)
    assert row["is_refused"]
    assert row["confidence"] < 0.2
    assert answer_row("adapter", BLOCKED, judge, calibration)["confidence"] is None


def test_without_a_calibration_everything_that_may_run_is_answered(judge):
    assert not answer_row("adapter", WEATHER, judge, None)["is_refused"]
