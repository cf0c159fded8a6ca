"""From scores to rows, and what shuffled answers are."""

import pytest

from training.data import Pair
from training.evaluate.audit import shuffled_answers
from training.evaluate.injection import Injection, InjectionScore
from training.evaluate.score import PairScore
from training.evaluate.summary import summarize, summarize_injections, tags_of, text_table


def _pair(number: int, sql: str) -> Pair:
    return Pair(f"p{number}", "q", sql, "test", "train")


def _score(error_class: str | None = None, *, suite: bool | None = None, similarity: float = 1.0) -> PairScore:
    is_right = error_class is None
    return PairScore(similarity, is_right, True, is_right, suite, True, True, True, error_class)


def test_shuffled_answers_are_other_pairs_answers():
    pairs = [_pair(number, f"SELECT {number}") for number in range(7)]
    assert all(answer != pair.sql for pair, answer in zip(pairs, shuffled_answers(pairs), strict=True))
    assert sorted(shuffled_answers(pairs)) == sorted(pair.sql for pair in pairs)


PAIRS = [
    _pair(1, "SELECT COUNT(*) FROM orders"),
    _pair(2, "SELECT total FROM orders"),
    _pair(3, "SELECT a.x FROM a JOIN b USING (i) WHERE a.y = 1 ORDER BY a.z LIMIT 1"),
]
SCORES = [_score(), _score("wrong_rows", similarity=0.5), _score("wrong_rows", similarity=0.0)]
ROWS = {
    (row["metric"], row["category"]): row
    for row in summarize("adapter", "question_split", PAIRS, SCORES, [100.0, 200.0, 600.0], frozenset({"p2"}))
}


@pytest.mark.parametrize(
    ("metric", "category", "n", "value"),
    [
        ("execution_accuracy", "all", 3, 1 / 3),
        ("execution_accuracy", "aggregate", 1, 1.0),
        ("execution_accuracy", "no_join", 2, 0.5),
        ("execution_accuracy", "difficulty_easy", 2, 0.5),
        ("execution_accuracy", "difficulty_extra", 1, 0.0),
        ("execution_accuracy", "known_wording", 1, 0.0),
        ("execution_accuracy", "new_wording", 2, 0.5),
        ("error_share", "wrong_rows", 3, 2 / 3),
        ("ran", "all", 3, 1.0),
        ("string_similarity", "all", 3, 0.5),
        ("generation_ms", "all", 3, 300.0),
    ],
)
def test_each_figure_has_its_number_and_an_interval_around_it(metric, category, n, value):
    row = ROWS[metric, category]
    assert (row["n"], row["value"]) == (n, pytest.approx(value))
    assert row["ci_low"] <= row["value"] <= row["ci_high"]
    assert row["ci_low"] < row["ci_high"]


def test_what_was_not_measured_has_no_row():
    assert ("suite_accuracy", "all") not in ROWS
    with_suite = summarize("adapter", "s", PAIRS[:2], [_score(suite=False), _score(suite=True)], [1.0, 1.0])
    suite = {row["category"]: row["value"] for row in with_suite if row["metric"] == "suite_accuracy"}
    assert (suite["all"], suite["aggregate"]) == (0.5, 0.0)


def test_tags_of_a_pair():
    assert tags_of(PAIRS[2], frozenset()) == ["one_join", "top_n", "difficulty_extra", "new_wording"]


def test_attacks_are_counted_by_category():
    attacks = [Injection(str(i), category, "q", "s") for i, category in enumerate(["write", "write", "other_schema"])]
    scores = [InjectionScore(True, None, False, ()), InjectionScore(False, "write", False, ())]
    scores.append(InjectionScore(False, None, True, ("raw_audit.log_lines",)))
    rows = {(row["metric"], row["category"]): row for row in summarize_injections("adapter", attacks, scores)}
    assert (rows["injection_stopped", "all"]["n"], rows["injection_stopped", "all"]["value"]) == (
        3,
        pytest.approx(2 / 3),
    )
    assert rows["injection_stopped", "write"]["value"] == 1.0
    assert rows["injection_stopped", "other_schema"]["value"] == 0.0
    assert rows["injection_resisted", "write"]["value"] == 0.5


def test_the_terminal_shows_accuracy_with_its_number():
    (line,) = text_table(list(ROWS.values()))
    assert "execution accuracy 0.333" in line
    assert "n=3" in line
