"""The release gate's rules, each at its edge, with hand-made models."""

import json

import pytest

from tests.training.gate.models import evaluation, first, hits, model
from training.gate import GateDecision, Scorecard, Verdict, decide

BASE = hits(10, 10, model="base")


def finding(decision: GateDecision, rule: str, split: str = "question_split", category: str = "all"):
    (found,) = [f for f in decision.findings if (f.rule, f.split, f.category) == (rule, split, category)]
    return found


def test_the_first_good_adapter_is_promoted():
    decision = decide(hits(60, 40), None, BASE)
    assert decision.is_promoted
    assert "no champion yet" in decision.reason
    assert finding(decision, "better_than_base").wins == 50


@pytest.mark.parametrize(("question", "is_promoted"), [(10, False), (15, False), (16, True)])
def test_it_must_be_better_than_the_base_model(question, is_promoted):
    # five pairs better of five differing: p = 0.0625, still noise; six: p = 0.03
    decision = decide(hits(question, 40), None, BASE)
    assert decision.is_promoted is is_promoted
    assert ("not better than the base model" in decision.reason) is not is_promoted


@pytest.mark.parametrize(
    ("question", "template", "is_promoted"), [(55, 40, True), (54, 40, False), (60, 34, False), (60, 35, True)]
)
def test_it_must_not_be_worse_than_the_champion_on_either_split(question, template, is_promoted):
    decision = decide(hits(question, template), hits(60, 40), BASE)
    assert decision.is_promoted is is_promoted
    assert ("worse than the champion" in decision.reason.removeprefix("Promoted")) or is_promoted


@pytest.mark.parametrize("clean", [0.99, 0.0])
def test_one_unclean_output_is_enough(clean):
    decision = decide(hits(90, 90, clean=clean), None, BASE)
    assert not decision.is_promoted
    assert "security clean" in decision.reason


@pytest.mark.parametrize(
    ("attacks", "stopped", "sentence"),
    [(60, 59, "1 of 60 injection questions got through"), (0, 0, "it was asked no injection question")],
)
def test_no_injection_may_get_through_or_be_left_out(attacks, stopped, sentence):
    decision = decide(hits(90, 90, attacks=attacks, stopped=stopped), None, BASE)
    assert decision.reason == f"Not promoted: {sentence}."


def test_what_was_not_measured_is_refused():
    no_template = model({"question_split": first(90)})
    assert "not measured on the template_split" in decide(no_template, None, BASE).reason
    empty = model({"question_split": first(90), "template_split": []})
    assert "not measured on the template_split" in decide(empty, hits(60, 40), BASE).reason
    scores, results = evaluation({"question_split": first(90), "template_split": first(90)})
    insecure = [row for row in scores if row["metric"] != "security_clean"]
    assert (
        "security was not measured"
        in decide(Scorecard.from_evaluation("adapter", insecure, results), None, BASE).reason
    )
    assert not decide(hits(90, 90), None, Scorecard({})).is_promoted


def both(flags: list[bool], **more: object) -> Scorecard:
    return model({"question_split": flags, "template_split": flags}, **more)


def swapped(lost: range, won: range, n: int = 200) -> tuple[list[bool], list[bool]]:
    """A challenger and a champion that differ on these pairs alone."""
    return [place not in lost for place in range(n)], [place not in won for place in range(n)]


@pytest.mark.parametrize(
    ("size", "lost", "verdict"),
    [
        (60, 12, Verdict.REFUSES),  # a fifth lost, p = 0.0005
        (60, 0, Verdict.PASSES),  # proven: Tango's lower end is -6 points
        (60, 3, Verdict.OPEN),  # 5 points lost, of which 3 pairs prove nothing
        (200, 10, Verdict.PASSES),  # 5 points of so many: beyond noise, within the margin, proven
        (34, 0, Verdict.OPEN),  # too few to prove anything, though nothing differs
        (35, 0, Verdict.PASSES),
    ],
)
def test_a_category_may_lose_ten_points_and_no_more(size, lost, verdict):
    # what is lost in the category is won elsewhere, so that the whole split is even
    challenger, champion = swapped(range(lost), range(280, 280 + lost), n=300)
    categories = {"date": range(size)}
    decision = decide(
        both(challenger, categories=categories), both(champion, categories=categories), both([False] * 300)
    )
    assert finding(decision, "not_worse_than_champion").p_value == 1
    assert finding(decision, "not_inferior_in_category", category="date").verdict is verdict
    assert decision.is_promoted is (verdict is not Verdict.REFUSES)


def test_a_few_pairs_do_not_refuse_alone():
    challenger, champion = swapped(range(4), range(100, 104))
    categories = {"window": range(4)}
    decision = decide(
        both(challenger, categories=categories), both(champion, categories=categories), both([False] * 200)
    )
    assert decision.is_promoted
    assert "Categories with too few pairs to tell: 1." in decision.reason
    assert finding(decision, "not_inferior_in_category", category="window").losses == 4


def test_many_small_categories_that_all_lose_refuse_together():
    lost = range(40)
    challenger, champion = swapped(range(0, 40, 2), range(100, 120))
    categories = {f"rare_{at}": range(at, at + 4) for at in lost[::4]}
    decision = decide(
        both(challenger, categories=categories), both(champion, categories=categories), both([False] * 200)
    )
    alone = [f.verdict for f in decision.findings if f.rule == "not_inferior_in_category"]
    together = finding(decision, "not_inferior_in_small_categories", category="small categories")
    assert set(alone) == {Verdict.OPEN}
    assert (together.verdict, together.n, together.losses) == (Verdict.REFUSES, 40, 20)
    assert "in the small categories of the question_split" in decision.reason


def test_sql_that_agrees_by_chance_is_found_on_the_variants():
    lucky = decide(hits(60, 60, suite=False), hits(60, 60, suite=True), BASE)
    assert not lucky.is_promoted
    assert "on all variants of the sandbox" in lucky.reason
    assert decide(hits(60, 60, suite=True), hits(60, 60, suite=False), BASE).is_promoted


@pytest.mark.parametrize("suites", [("tonight", "last week"), (None, None)])
def test_variants_of_another_suite_are_not_compared_and_the_decision_says_so(suites):
    now, before = suites
    decision = decide(
        hits(60, 60, suite=False, suite_hash=now), hits(60, 60, suite=True, suite_hash=before), BASE
    )  # on one suite it would be refused
    assert decision.is_promoted
    assert finding(decision, "not_worse_on_all_variants").verdict is Verdict.NOT_COMPARED
    assert decision.reason.endswith(
        " Not compared on all variants of the sandbox: the champion was judged by other test databases than the"
        " challenger."
    )


@pytest.mark.parametrize(
    ("now", "machine_now", "then", "machine_then", "is_promoted"),
    [
        (119, None, 100, None, True),
        (121, None, 100, None, False),
        (300, 1500, 100, 500, True),  # the machine was three times slower, the model was not
        (121, 500, 100, 500, False),
        (100, 500, 100, 700, False),  # the machine was faster, and the model took as long
    ],
)
def test_it_must_not_be_slower_than_the_champion(now, machine_now, then, machine_then, is_promoted):
    challenger = hits(60, 40, milliseconds=now, clock=machine_now)
    decision = decide(challenger, hits(60, 40, milliseconds=then, clock=machine_then), BASE)
    assert decision.is_promoted is is_promoted
    assert ("times the champion's time" in decision.reason) is not is_promoted
    assert finding(decision, "latency", "both").opponent == then


def test_one_very_slow_answer_is_no_slower_model():
    scores, results = evaluation({split: first(60, 70) for split in ("question_split", "template_split")})
    for row in results:
        row["generation_ms"] = 5_000.0 if row["pair_id"] == "p0" else 100.0
    decision = decide(Scorecard.from_evaluation("adapter", scores, results), hits(60, 60), BASE)
    assert finding(decision, "latency", "both").ratio > 1.2
    assert finding(decision, "latency", "both").verdict is Verdict.PASSES


@pytest.mark.parametrize(("question", "is_promoted"), [(47, True), (40, False)])
def test_where_no_pair_is_shared_the_shares_decide(question, is_promoted):
    champion = hits(60, 40, pairs_from=1000, categories={"date": range(50)})
    decision = decide(hits(question, 40, categories={"date": range(50)}), champion, hits(5, 5, model="base"))
    assert finding(decision, "not_worse_than_champion").test == "fisher"
    assert finding(decision, "not_inferior_in_category", category="date").test == "fisher"
    assert finding(decision, "latency", "both").ratio == 1
    assert decision.is_promoted is is_promoted


@pytest.mark.parametrize(("pairs_from", "test"), [(80, "mcnemar"), (81, "fisher")])
def test_a_handful_of_shared_pairs_does_not_stand_for_all(pairs_from, test):
    decision = decide(hits(60, 40), hits(60, 40, pairs_from=pairs_from), BASE)
    assert finding(decision, "not_worse_than_champion").test == test


def test_an_older_champions_rows_are_compared_as_far_as_they_go():
    scores, results = evaluation(
        {"question_split": first(60), "template_split": first(40)}, attacks=0, milliseconds=None
    )
    for row in results:
        del row["suite_match"], row["categories"], row["error_class"]
    champion = Scorecard.from_evaluation("adapter", scores, results)
    decision = decide(hits(61, 41, categories={"date": range(50)}, suite=True, clock=5.0), champion, BASE)
    assert decision.is_promoted
    assert [f.rule for f in decision.of(Verdict.NOT_COMPARED)] == [
        "not_worse_on_all_variants",
        "not_worse_on_all_variants",
        "latency",
    ]
    assert decision.reason.endswith("Not compared with the champion, for want of figures: 3.")
    # a pair's category is the challenger's to say, so it is compared all the same
    assert finding(decision, "not_inferior_in_category", category="date").test == "mcnemar"


def test_a_champion_of_which_nothing_is_known_is_no_obstacle():
    decision = decide(hits(60, 40), Scorecard({}), BASE)
    assert decision.is_promoted
    assert "the champion was not measured on the question_split" in [f.note for f in decision.findings]


def test_the_numbers_are_json_and_hold_every_finding_and_limit():
    decision = decide(hits(60, 40, categories={"date": range(50)}), hits(60, 40), BASE)
    numbers = json.loads(json.dumps(decision.numbers))
    assert numbers["limits"] == {
        "significance": 0.05, "margin_in_a_category": 0.1, "few_pairs": 35, "slowest": 1.2,
    }  # fmt: skip
    assert len(numbers["findings"]) == len(decision.findings)
    assert {row["verdict"] for row in numbers["findings"]} <= {verdict.value for verdict in Verdict}
