"""Intervals and tests against published values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from training.evaluate.statistics import (
    binomial_chance,
    bootstrap_interval,
    fisher_exact,
    mcnemar_exact,
    newcombe_interval,
    tango_interval,
    tarone_factor,
    wilson_interval,
)


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


@pytest.mark.parametrize(("right", "n", "other_right", "other_n"), [(3, 10, 8, 12), (0, 5, 5, 5), (7, 9, 2, 40)])
def test_fisher_doubles_scipys_smaller_tail(right, n, other_right, other_n):
    table = [[right, n - right], [other_right, other_n - other_right]]
    tails = [stats.fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    assert fisher_exact(right, n, other_right, other_n) == pytest.approx(min(1.0, 2 * min(tails)))
    assert fisher_exact(other_right, other_n, right, n) == pytest.approx(fisher_exact(right, n, other_right, other_n))


def test_tango_interval_of_known_values():
    # Fagerland, Lydersen and Laake 2014, the airways of 21 children before and after: 1 against 7.
    assert tango_interval(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)
    low, high = tango_interval(0, 0, 35)  # where none differ it is z²/(n + z²) to both sides
    assert (low, high) == pytest.approx((-3.8415 / 38.8415, 3.8415 / 38.8415), abs=1e-4)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 60))
def test_tango_interval_holds_the_difference_and_is_the_same_from_both_sides(wins, losses, alike):
    n = wins + losses + alike or 1
    low, high = tango_interval(wins, losses, n)
    assert -1 - 1e-9 <= low <= (wins - losses) / n <= high <= 1 + 1e-9
    assert tango_interval(losses, wins, n) == pytest.approx((-high, -low), abs=1e-9)


def test_newcombe_interval_of_known_values():
    # Newcombe 1998, table II, contrast (a): 56 of 70 and 48 of 80.
    assert newcombe_interval(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=1e-4)


@pytest.mark.parametrize(
    ("least", "factor"),
    [
        ([], 1),
        ([0.001], 1),
        ([0.001, 0.5, 0.5], 1),  # the other two could not have been significant
        ([0.001] * 4, 4),  # Bonferroni's
        ([0.001, 0.001, 0.03, 0.03, 0.03], 2),  # 0.03 cannot be reached at 0.025
    ],
)
def test_tarone_counts_only_tests_that_could_be_significant(least, factor):
    assert tarone_factor(least, 0.05) == factor
