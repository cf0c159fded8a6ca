"""What holds for any models: noise never refuses what is equal, and many lost pairs always refuse."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.gate.models import model
from training.gate import Scorecard, Verdict, decide

SPLITS = ("question_split", "template_split")


def draw_groups(draw: st.DrawFn, n: int) -> dict[str, list[int]]:
    groups = st.lists(st.sets(st.integers(0, n - 1), min_size=1), max_size=5)
    return {f"group_{at}": sorted(places) for at, places in enumerate(draw(groups))}


@st.composite
def champions(draw: st.DrawFn, least_pairs: int = 1) -> tuple[dict[str, list[bool]], dict[str, list[int]]]:
    """Any champion with its categories: right and wrong answers on 1 to 80 pairs a split."""
    n = draw(st.integers(least_pairs, 80))
    right = {split: draw(st.lists(st.booleans(), min_size=n, max_size=n)) for split in SPLITS}
    return right, draw_groups(draw, n)


def beaten_base(right: dict[str, list[bool]]) -> Scorecard:
    """A base model that anything beats: a hundred other pairs, all wrong."""
    return model(dict.fromkeys(right, [False] * 100), model="base", pairs_from=1000)


def refusals(challenger: Scorecard, champion: Scorecard, base: Scorecard) -> set[str]:
    return {finding.rule for finding in decide(challenger, champion, base).of(Verdict.REFUSES)}


@settings(max_examples=30, deadline=None)
@given(champions(), st.booleans(), st.floats(0.1, 1e5))
def test_a_model_equal_to_the_champion_is_never_refused_for_noise(champion, suite, milliseconds):
    right, categories = champion
    twin = model(right, categories=categories, suite=suite, milliseconds=milliseconds)
    assert refusals(twin, twin, beaten_base(right)) <= {"better_than_base"}


@settings(max_examples=30, deadline=None)
@given(champions(least_pairs=20), st.data())
def test_a_strictly_worse_model_is_refused_where_many_pairs_are_lost(champion, data):
    right, categories = champion
    split = data.draw(st.sampled_from(SPLITS))
    lost = data.draw(st.sets(st.integers(0, len(right[split]) - 1), min_size=6))  # six lost, none won: p = 0.03
    better = {**right, split: [place in lost or flag for place, flag in enumerate(right[split])]}
    worse = {**right, split: [place not in lost and flag for place, flag in enumerate(right[split])]}
    found = refusals(model(worse, categories=categories), model(better, categories=categories), beaten_base(right))
    assert "not_worse_than_champion" in found


@settings(max_examples=30, deadline=None)
@given(champions(), st.data())
def test_what_refuses_a_model_refuses_one_that_is_worse_still(champion, data):
    right, categories = champion
    challenger = {
        split: data.draw(st.lists(st.booleans(), min_size=len(f), max_size=len(f))) for split, f in right.items()
    }
    worse = {s: [flag and data.draw(st.booleans()) for flag in flags] for s, flags in challenger.items()}
    cards = [model(answers, categories=categories) for answers in (challenger, worse, right)]
    before, after = (refusals(card, cards[2], beaten_base(right)) for card in cards[:2])
    # Of the categories it does not hold: what else is lost may raise the factor of all.
    assert "not_worse_than_champion" not in before - after


@settings(max_examples=30, deadline=None)
@given(champions(), st.data())
def test_every_number_is_finite_and_the_interval_holds_the_difference(champion, data):
    right, categories = champion
    challenger = {
        split: data.draw(st.lists(st.booleans(), min_size=len(f), max_size=len(f))) for split, f in right.items()
    }
    decision = decide(model(challenger, categories=categories), model(right, categories=categories), beaten_base(right))
    for finding in decision.findings:
        if finding.test in ("mcnemar", "fisher"):
            assert finding.low - 1e-9 <= finding.challenger - finding.opponent <= finding.high + 1e-9
            assert 0 <= finding.p_value <= 1
            assert all(math.isfinite(end) for end in (finding.low, finding.high))


def test_a_model_as_good_as_the_champion_is_seldom_refused():
    """Both are right by the same chances, pair by pair, but not on the same pairs; ten categories overlap."""
    chance, pairs, trials, refused = np.random.default_rng(0), 60, 100, 0
    for _ in range(trials):
        groups = {f"group_{at}": sorted(chance.choice(pairs, size=4 + 5 * at, replace=False)) for at in range(10)}
        ease = chance.beta(1.4, 0.6, size=(2, pairs))
        challenger, champion = (
            model(dict(zip(SPLITS, (chance.random((2, pairs)) < ease).tolist(), strict=True)), categories=groups)
            for _ in range(2)
        )
        refused += bool(refusals(challenger, champion, beaten_base(dict.fromkeys(SPLITS, []))))
    assert refused <= 0.075 * trials  # 2.5 % of each split's test, on its harmful side, and of the family
