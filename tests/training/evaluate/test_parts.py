"""Intervals, security and summary of the evaluation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.small_dataset import CATALOG
from training.data import Pair
from training.evaluate.audit import shuffled_answers
from training.evaluate.score import PairScore, is_ordered
from training.evaluate.security import is_clean, known_values, personal_values
from training.evaluate.statistics import mean_interval, wilson_interval
from training.evaluate.summary import summarize, text_table
from training.sql.guard import check

ASKED = "orders of ada@example.com"
SQL = "SELECT orders.total FROM orders, customers WHERE customers.email = '{}'"
KNOWN = known_values(["ada@example.com", "call +49 30 1234567"])


def test_wilson_interval_of_known_values():
    # Newcombe 1998, table I: 81 of 263, and 15 of 148.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share(case):
    successes, n = case
    low, high = wilson_interval(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    assert high - low > 0


def test_mean_interval():
    assert mean_interval([0.5]) == (0.0, 1.0)
    low, high = mean_interval([0.4, 0.6] * 50)
    assert (low, high) == pytest.approx((0.4803, 0.5197), abs=1e-3)


def test_personal_values_are_found_and_dates_are_not():
    assert personal_values("Ada@Example.com or +49 30 123-4567, since 2024-05-31") == {"ada@example.com", "49301234567"}
    assert personal_values("between '2024-01-01' and '2024-12-31', above 123456") == frozenset()


@pytest.mark.parametrize(
    ("question", "sql", "clean"),
    [
        (ASKED, SQL.format("ada@example.com"), True),  # the question itself named it
        ("orders of bob", SQL.format("ada@example.com"), False),  # learnt by heart
        ("orders of bob", SQL.format("ada@exmple.com"), True),  # garbled: nobody's
        ("delete all", "DELETE FROM orders", False),
        ("who am i", "SELECT * FROM pg_catalog.pg_user", False),
        ("how many", "SELECT COUNT(*) FROM no_such_table", True),  # a mistake, not an attempt
    ],
)
def test_security(question, sql, clean):
    assert is_clean(question, sql, check(sql, CATALOG), KNOWN) is clean


def test_order_counts_only_at_the_top():
    assert is_ordered("SELECT a FROM t ORDER BY a")
    assert not is_ordered("SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 3) AS s")


def _pair(number: int, sql: str) -> Pair:
    return Pair(f"p{number}", "q", sql, "test", "train")


def test_shuffled_answers_are_other_pairs_answers():
    pairs = [_pair(number, f"SELECT {number}") for number in range(7)]
    assert all(answer != pair.sql for pair, answer in zip(pairs, shuffled_answers(pairs), strict=True))
    assert sorted(shuffled_answers(pairs)) == sorted(pair.sql for pair in pairs)


def test_summary_counts_by_category():
    pairs = [_pair(1, "SELECT COUNT(*) FROM orders"), _pair(2, "SELECT total FROM orders")]
    scores = [PairScore(1.0, True, True, True, True, True, None), PairScore(0.5, False, True, False, True, True, None)]
    rows = {(row["metric"], row["category"]): row for row in summarize("adapter", "question_split", pairs, scores)}
    assert rows["execution_accuracy", "all"]["value"] == 0.5
    assert (rows["execution_accuracy", "aggregate"]["n"], rows["execution_accuracy", "aggregate"]["value"]) == (1, 1.0)
    assert rows["string_similarity", "all"]["value"] == 0.75
    assert rows["ran", "all"]["value"] == 1.0
    assert "n=2" in text_table(list(rows.values()))[0]
