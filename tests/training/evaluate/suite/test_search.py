"""What the suite is for: it kills what the sandbox alone does not, and finds wrong what is right by chance."""

import pytest

from tests.training.evaluate.suite.bakery import QUESTIONS, Bakery
from training.data import Pair
from training.evaluate.answering import Answered
from training.evaluate.score import Scorer
from training.evaluate.suite.kills import judge_mutants
from training.evaluate.suite.mutants import Mutant, mutate
from training.evaluate.suite.score import TestSuite
from training.evaluate.suite.search import GOAL, Suite, choose_variants, one_of_each_template
from training.sql.sandbox import Executor


@pytest.fixture(scope="module", autouse=True)
def chosen(bakery: Bakery) -> Suite:
    return choose_variants(bakery.builder, bakery.sandbox_dsn, QUESTIONS.values(), bakery.catalog, lambda line: None)


def killed_in(bakery: Bakery, schema: str, gold: str, operator: str) -> set[Mutant]:
    mutants = [mutant for mutant in mutate(gold, bakery.catalog) if mutant.operator == operator]
    with Executor(bakery.sandbox_dsn, schema) as executor:
        return set(judge_mutants(gold, mutants, executor).killed)


@pytest.mark.parametrize("operator", QUESTIONS)
def test_a_mutant_of_each_operator_is_killed_by_the_suite_and_not_by_the_sandbox_alone(
    bakery: Bakery, chosen: Suite, operator: str
) -> None:
    gold = QUESTIONS[operator]
    alone = killed_in(bakery, "sandbox_bakery", gold, operator)
    variants = [f"sandbox_bakery__{variant.name}" for variant in chosen.variants]

    assert set.union(*(killed_in(bakery, variant, gold, operator) for variant in variants)) - alone


def test_the_rate_is_of_all_mutants_and_reaches_the_goal(chosen: Suite) -> None:
    suite = chosen
    made = sum(suite.mutants.values())

    assert suite.kill_rate == 1 - len(suite.survivors) / made >= GOAL
    assert suite.kill_rate > suite.kill_rate_alone == sum(suite.killed_alone.values()) / made
    assert sum(suite.killed_alone.values()) + sum(v.newly_killed for v in suite.variants) + len(suite.survivors) >= made


def test_a_prediction_that_is_right_by_chance_is_found_out(bakery: Bakery) -> None:
    gold = QUESTIONS["predicate"]
    with TestSuite.connect(bakery.sandbox_dsn, ["bakery"]) as suite:
        right = suite.score(gold, "select count(order_id) from orders where status in ('paid')")
        by_chance = suite.score(gold, "select count(*) from orders")

        assert (right.is_match, right.differs_on, right.judged_on) == (True, None, len(suite.names))
        assert (by_chance.is_match, by_chance.differs_on in suite.names) == (False, True)


def test_the_evaluation_says_of_a_pair_whether_it_is_right_on_one_database_and_on_all(bakery: Bakery) -> None:
    pair = Pair("p", "How many orders are paid?", QUESTIONS["predicate"], "test", "train")
    with (
        Executor(bakery.sandbox_dsn, "sandbox_bakery") as sandbox,
        TestSuite.connect(bakery.sandbox_dsn, ["bakery"]) as suite,
    ):
        scorer = Scorer(bakery.catalog, [pair], sandbox, suite.matches)
        scores = [scorer.score(pair, Answered(sql, (sql,), 1.0)) for sql in (pair.sql, "select count(*) from orders")]

    assert [(score.execution_match, score.suite_match) for score in scores] == [(True, True), (True, False)]


def test_a_database_on_which_the_gold_leaves_its_answer_open_does_not_judge(bakery: Bakery) -> None:
    with TestSuite.connect(bakery.sandbox_dsn, ["bakery"]) as suite:
        gold = "select name from customers order by city limit 1"  # of several in Bergen, any
        verdict = suite.score(gold, gold)
        fixed = "select name from customers order by city, name limit 1"

        assert verdict.is_match
        assert verdict.judged_on < suite.score(fixed, fixed).judged_on


def test_rows_that_the_order_leaves_equal_may_change_places(bakery: Bakery) -> None:
    with TestSuite.connect(bakery.sandbox_dsn, ["bakery"]) as suite:
        gold = "select name, city from customers order by city"
        assert suite.score(gold, "select name, city from customers order by city, name desc").is_match
        assert not suite.score(gold, "select name, city from customers order by name").is_match


def test_a_prediction_that_fails_on_a_variant_is_wrong(bakery: Bakery) -> None:
    with TestSuite.connect(bakery.sandbox_dsn, ["bakery"]) as suite:
        gold = "select count(*) from orders"
        assert not suite.score(gold, "select count(nothing) from orders").is_match


def test_of_each_template_one_query_is_mutated() -> None:
    statements = [f"select count(*) from orders where total > {n}" for n in (3, 4)] + ["select count(*) from orders"]
    assert sorted(one_of_each_template(statements)) == [
        "select count(*) from orders", "select count(*) from orders where total > 3",
    ]  # fmt: skip
