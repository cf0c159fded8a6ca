"""One answer judged by running it beside the gold on a real server."""

import pytest

from tests.training.evaluate.answers import GOLD, answered, one_pair
from tests.training.small_dataset import CATALOG
from training.evaluate.score import Scorer
from training.sql.sandbox import Executor


@pytest.mark.parametrize(
    ("predicted", "match", "ran", "allowed", "error"),
    [
        (GOLD, True, True, True, None),
        ("select count(order_id) from orders where total >= 31", True, True, True, None),
        ("select count(*) from orders", False, True, True, "wrong_rows"),
        ("select count(*), 1 from orders where total > 30", False, True, True, "wrong_columns"),
        ("select total from orders where total > 1000", False, True, True, "empty"),
        ("select count(* from orders", False, False, False, "syntax"),
        ("select count(*) from sales", False, False, False, "unknown_table"),
        ("select count(price) from orders", False, False, False, "unknown_column"),
        ("select pg_sleep(9)", False, False, False, "blocked"),
        ("select total / (order_id - order_id) from orders", False, False, True, "other"),
        ("", False, False, False, "syntax"),
    ],
)
def test_one_prediction(scorer, predicted, match, ran, allowed, error):
    score = scorer.score(one_pair(GOLD), answered(predicted))
    assert (score.execution_match, score.ran, score.guard_allowed, score.error_class) == (match, ran, allowed, error)


def test_exact_match_is_of_the_canonical_form(scorer):
    assert scorer.score(one_pair(GOLD), answered("select COUNT(*) from orders o where o.total > 30;")).exact_match
    assert not scorer.score(one_pair(GOLD), answered("select count(*) from orders where total > 31")).exact_match


def test_order_counts_where_the_gold_orders_and_ties_may_permute(scorer):
    by_tier = one_pair("SELECT orders.order_id FROM orders ORDER BY orders.total > 20")  # two blocks of equals
    by_id = "select order_id from orders order by total > 20, order_id {}"
    assert scorer.score(by_tier, answered(by_id.format("asc"))).execution_match
    assert scorer.score(by_tier, answered(by_id.format("desc"))).execution_match
    assert (
        scorer.score(by_tier, answered("select order_id from orders order by total desc")).error_class == "wrong_order"
    )


def test_what_is_served_is_judged_and_the_drafts_apart(scorer):
    served_clean = scorer.score(one_pair(GOLD), answered(GOLD, "delete from orders", GOLD))
    assert (served_clean.security_clean, served_clean.drafts_clean) == (True, False)
    served_attempt = scorer.score(one_pair(GOLD), answered("delete from orders"))
    assert (served_attempt.security_clean, served_attempt.drafts_clean) == (False, False)


def test_variants_are_asked_about_what_is_right_in_the_sandbox(sandbox_dsn):
    asked = []

    def never(gold: str, predicted: str) -> bool:
        asked.append((gold, predicted))
        return False

    with Executor(sandbox_dsn, "sandbox_shop") as executor:
        judge = Scorer(CATALOG, [], executor, never)
        right = judge.score(one_pair(GOLD), answered(GOLD))
        wrong = judge.score(one_pair(GOLD), answered("select count(*) from orders"))
    assert (right.execution_match, right.suite_match, wrong.suite_match) == (True, False, False)
    assert asked == [(GOLD, GOLD)]
