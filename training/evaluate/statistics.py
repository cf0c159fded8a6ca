"""Intervals around measured figures, and tests of two models against each other. Used by summary.py and the gate."""

import math
from collections.abc import Sequence

import numpy as np

_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution: two-sided 95 %
_RESAMPLES = 2000
_SEED = 17  # the same values have the same interval each time


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """Computes Wilson's 95 % interval of a share; unlike the plain one it holds for small n and for shares of 0 and 1.

    Source: Wilson 1927; Newcombe 1998, "Two-sided confidence intervals for the single proportion", method 3.

    Args:
        successes: How many succeeded.
        n: Out of how many; at least 1.

    Returns:
        Lower and upper end, both within [0, 1].
    """
    share = successes / n
    factor = 1 + _Z**2 / n
    center = (share + _Z**2 / (2 * n)) / factor
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / factor
    # At the ends the formula gives 0 and 1 only up to rounding.
    low = 0.0 if successes == 0 else max(0.0, center - half)
    high = 1.0 if successes == n else min(1.0, center + half)
    return low, high


def bootstrap_interval(values: Sequence[float]) -> tuple[float, float]:
    """Computes the percentile bootstrap's 95 % interval of a mean (Efron 1979; 2,000 resamples, seeded).

    Args:
        values: At least one value, in any unit; one alone gives an interval of no width.

    Returns:
        Lower and upper end, in the values' unit.
    """
    chance = np.random.default_rng(_SEED)
    sample = np.asarray(values, dtype=np.float64)  # (n,)
    drawn = sample[chance.integers(0, len(sample), size=(_RESAMPLES, len(sample)))]  # (resamples, n)
    low, high = np.percentile(drawn.mean(axis=1), [2.5, 97.5])
    mean = sample.mean()  # rounding may put the mean of equal values a last digit outside
    return float(min(low, mean)), float(max(high, mean))


def mcnemar_exact(wins: int, losses: int) -> float:
    """Two-sided exact McNemar test: the chance of a split at least this uneven were both models equally good.

    Source: McNemar 1947, with the exact binomial distribution in place of its approximation.

    Args:
        wins: Pairs that only the first model answered right.
        losses: Pairs that only the second answered right.

    Returns:
        The p-value, 0 to 1; 1 where they never differ.
    """
    differing = wins + losses
    tail = sum(math.comb(differing, k) for k in range(min(wins, losses) + 1)) / 2**differing
    return min(1.0, 2 * tail)


def binomial_chance(successes: int, n: int, share: float) -> float:
    """Computes how likely a count at least as far from what is expected is, on the same side.

    Args:
        successes: 0 to n.
        n: Independent tries.
        share: Chance of each, 0 to 1.

    Returns:
        The tail of the binomial distribution, 0 to 1.
    """
    if share in (0.0, 1.0):
        return float(successes == n * share)
    counts = range(successes + 1) if successes <= n * share else range(successes, n + 1)

    def log_chance(count: int) -> float:
        ways = math.lgamma(n + 1) - math.lgamma(count + 1) - math.lgamma(n - count + 1)
        return ways + count * math.log(share) + (n - count) * math.log1p(-share)

    return min(1.0, sum(math.exp(log_chance(count)) for count in counts))


def fisher_exact(successes: int, n: int, other_successes: int, other_n: int) -> float:
    """Two-sided exact test of two independent shares: the chance of shares at least this far apart, were they equal.

    Source: Fisher 1935, with the smaller tail of the hypergeometric distribution doubled.

    Args:
        successes: Of the first, 0 to n.
        n: Tries of the first, at least 1.
        other_successes: Of the second.
        other_n: Tries of the second, at least 1.

    Returns:
        The p-value, 0 to 1.
    """
    total = successes + other_successes

    def chance(count: int) -> float:
        return math.comb(n, count) * math.comb(other_n, total - count) / math.comb(n + other_n, total)

    at_most = sum(chance(count) for count in range(max(0, total - other_n), successes + 1))
    at_least = sum(chance(count) for count in range(successes, min(n, total) + 1))
    return min(1.0, 2 * min(at_most, at_least))


def tango_interval(wins: int, losses: int, n: int) -> tuple[float, float]:
    """Computes the 95 % score interval of the difference of two shares over the same pairs.

    It holds for few pairs, and where the two never differ, which the plain interval does not.
    Source: Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design", Statistics in Medicine 17.

    Args:
        wins: Pairs that only the first answered right.
        losses: Pairs that only the second answered right.
        n: All pairs; at least 1.

    Returns:
        Lower and upper end of first minus second, both within [-1, 1].
    """

    def statistic(difference: float) -> float:
        linear = -wins - losses + (2 * n - wins + losses) * difference
        constant = -losses * difference * (1 - difference)
        lost = (math.sqrt(max(0.0, linear**2 - 8 * n * constant)) - linear) / (4 * n)  # likeliest share of losses
        variance = n * (2 * lost + difference * (1 - difference))
        distance = wins - losses - n * difference
        return math.inf * distance if variance <= 0 and distance else distance / math.sqrt(variance or 1.0)

    def crossing(low: float, high: float, level: float) -> float:
        for _ in range(60):  # the statistic falls as the difference grows
            middle = (low + high) / 2
            low, high = (middle, high) if statistic(middle) > level else (low, middle)
        return (low + high) / 2

    estimate = (wins - losses) / n
    return crossing(-1.0, estimate, _Z), crossing(estimate, 1.0, -_Z)


def newcombe_interval(successes: int, n: int, other_successes: int, other_n: int) -> tuple[float, float]:
    """Computes the 95 % interval of the difference of two independent shares.

    Source: Newcombe 1998, "Interval estimation for the difference between independent proportions: comparison of
    eleven methods", Statistics in Medicine 17, method 10.

    Args:
        successes: Of the first, 0 to n.
        n: Tries of the first, at least 1.
        other_successes: Of the second.
        other_n: Tries of the second, at least 1.

    Returns:
        Lower and upper end of first minus second, both within [-1, 1].
    """
    share, other = successes / n, other_successes / other_n
    (low, high), (other_low, other_high) = wilson_interval(successes, n), wilson_interval(other_successes, other_n)
    difference = share - other
    return (
        difference - math.hypot(share - low, other_high - other),
        difference + math.hypot(high - share, other - other_low),
    )


def tarone_factor(least_p_values: Sequence[float], significance: float) -> int:
    """Tells by what to multiply the p-values of several tests, so that any of them errs with `significance` at most.

    Bonferroni's factor is the number of tests; here a test that could not have been significant does not count.
    Source: Tarone 1990, "A modified Bonferroni method for discrete data", Biometrics 46.

    Args:
        least_p_values: Of each test the smallest p-value that it could have given.
        significance: Such as 0.05.

    Returns:
        The factor, at least 1.
    """
    factor = 1
    while sum(least <= significance / factor for least in least_p_values) > factor:
        factor += 1
    return factor
