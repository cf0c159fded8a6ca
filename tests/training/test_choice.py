"""Which of several candidates is taken by what they return."""

from training.choice import Candidate, choose_by_result
from training.sql.sandbox import Execution


def ran(*values) -> Execution:
    return Execution([(value,) for value in values], ("a",), len(values), False, None, None, 1.0)


FAILED = Execution(None, (), 0, False, "type", "42883", 1.0)


def test_the_largest_group_wins_and_its_likeliest_member_is_taken():
    candidates = [Candidate("a", 2, -0.1), Candidate("b", 1, -3.0), Candidate("c", 2, -2.0)]
    assert choose_by_result(candidates, [ran(1), ran(2, 3), ran(3, 2)]) == 2


def test_a_tie_is_broken_by_probability():
    candidates = [Candidate("a", 1, -2.0), Candidate("b", 1, -1.0)]
    assert choose_by_result(candidates, [ran(1), ran(2)]) == 1


def test_what_failed_or_did_not_run_has_no_vote():
    candidates = [Candidate("a", 5, -0.1), Candidate("b", 4, -0.1), Candidate("c", 1, -9.0)]
    assert choose_by_result(candidates, [FAILED, None, ran(1)]) == 2
    assert choose_by_result(candidates, [FAILED, None, FAILED]) == 0
