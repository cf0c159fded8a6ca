"""The release gate's rules, each at its edge."""

import pytest

from training.gate import Score, Scorecard, compare, decide

N = 100


def card(question: int, template: int, *, clean: float = 1.0, is_paired: bool = True) -> Scorecard:
    """A model that answers the first `question` (and `template`) of 100 pairs right."""
    right = {"question_split": question, "template_split": template}
    accuracy = {
        split: Score(N, hits / N, max(0.0, hits / N - 0.1), min(1.0, hits / N + 0.1)) for split, hits in right.items()
    }
    pairs = {split: {f"p{i}": i < hits for i in range(N)} for split, hits in right.items()}
    return Scorecard(accuracy, dict.fromkeys(right, clean), pairs if is_paired else {})


def test_the_first_good_adapter_is_promoted():
    decision = decide(card(60, 40), None, card(10, 10))
    assert decision.is_promoted
    assert "no champion yet" in decision.reason
    assert decision.numbers["question_split"]["against_base"]["wins"] == 50


def test_an_adapter_no_better_than_the_base_is_refused():
    assert not decide(card(10, 40), None, card(10, 10)).is_promoted
    # five pairs better of five differing: p = 0.0625, still noise; six: p = 0.03
    assert not decide(card(15, 40), None, card(10, 10)).is_promoted
    assert decide(card(16, 40), None, card(10, 10)).is_promoted


@pytest.mark.parametrize(
    ("question", "template", "is_promoted"), [(55, 40, True), (54, 40, False), (60, 34, False), (60, 35, True)]
)
def test_it_must_not_be_worse_than_the_champion_on_either_split(question, template, is_promoted):
    decision = decide(card(question, template), card(60, 40), card(10, 10))
    assert decision.is_promoted is is_promoted
    if not is_promoted:
        assert "worse than the champion" in decision.reason


@pytest.mark.parametrize("clean", [0.99, 0.0])
def test_one_unclean_output_is_enough(clean):
    decision = decide(card(90, 90, clean=clean), None, card(10, 10))
    assert not decision.is_promoted
    assert "security clean" in decision.reason


def test_what_was_not_measured_is_refused():
    whole = card(90, 90)
    no_template = Scorecard({"question_split": whole.execution_accuracy["question_split"]}, whole.security_clean)
    assert "not measured on the template_split" in decide(no_template, None, card(10, 10)).reason
    no_security = Scorecard(whole.execution_accuracy, {}, whole.is_correct)
    assert "security was not measured" in decide(no_security, None, card(10, 10)).reason
    empty = Scorecard({s: Score(0, 0.0, 0.0, 1.0) for s in whole.execution_accuracy}, whole.security_clean)
    assert not decide(empty, None, card(10, 10)).is_promoted


def test_without_shared_pairs_intervals_decide():
    base = card(10, 10, is_paired=False)
    assert compare(card(31, 0), base, "question_split").test == "intervals"
    assert decide(card(31, 40), None, base).is_promoted
    assert not decide(card(30, 40), None, base).is_promoted
    champion = card(60, 40, is_paired=False)
    assert decide(card(41, 40), champion, base).is_promoted
    assert not decide(card(39, 40), champion, base).is_promoted


def test_a_base_that_was_not_measured_is_not_beaten():
    assert not decide(card(90, 90), None, Scorecard({}, {})).is_promoted


def test_rows_of_an_evaluation_become_a_scorecard():
    common = {"split": "question_split", "n": 2, "ci_low": 0.1, "ci_high": 0.9}
    scores = [
        {**common, "model": "adapter", "metric": "execution_accuracy", "category": "all", "value": 0.5},
        {**common, "model": "adapter", "metric": "execution_accuracy", "category": "join", "value": 0.1},
        {**common, "model": "adapter", "metric": "security_clean", "category": "all", "value": 1.0},
        {**common, "model": "base", "metric": "execution_accuracy", "category": "all", "value": 0.2},
    ]
    results = [
        {"model": "adapter", "split": "question_split", "pair_id": "a", "execution_match": True},
        {"model": "base", "split": "question_split", "pair_id": "a", "execution_match": False},
    ]
    scorecard = Scorecard.from_evaluation("adapter", scores, results)
    assert scorecard.execution_accuracy == {"question_split": Score(2, 0.5, 0.1, 0.9)}
    assert scorecard.security_clean == {"question_split": 1.0}
    assert scorecard.is_correct["question_split"] == {"a": True}
