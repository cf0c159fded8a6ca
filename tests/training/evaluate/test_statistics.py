"""Intervals and tests against published values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluate.statistics import binomial_chance, bootstrap_interval, mcnemar_exact, wilson_interval


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


def test_bootstrap_of_a_large_sample_agrees_with_the_normal_interval():
    values = [0.4, 0.6] * 50
    half = 1.96 * 0.1 / math.sqrt(100)
    assert bootstrap_interval(values) == pytest.approx((0.5 - half, 0.5 + half), abs=2e-3)
    assert bootstrap_interval(values) == bootstrap_interval(values)  # seeded


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=30))
def test_bootstrap_interval_lies_in_the_values_range(values):
    low, high = bootstrap_interval(values)
    assert min(values) * (1 - 1e-12) <= low <= high <= max(values) * (1 + 1e-12)


def test_mcnemar_against_known_values():
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_exact(5, 5) == 1.0
    assert mcnemar_exact(6, 0) == pytest.approx(0.03125)
    assert mcnemar_exact(1, 9) == pytest.approx(0.021484375)
    assert mcnemar_exact(9, 1) == mcnemar_exact(1, 9)


@pytest.mark.parametrize(
    ("successes", "share", "chance"),
    [(0, 0.5, 1 / 1024), (10, 0.5, 1 / 1024), (1, 0.5, 11 / 1024), (0, 0.0, 1.0), (1, 0.0, 0.0), (10, 1.0, 1.0)],
)
def test_chance_of_a_count_out_of_ten(successes, share, chance):
    assert binomial_chance(successes, 10, share) == pytest.approx(chance)


def test_chance_of_large_counts():
    assert binomial_chance(2000, 4000, 0.5) == pytest.approx(0.5063, abs=1e-4)
