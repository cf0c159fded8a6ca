"""Intervals around measured figures, and the paired test of two models. Used by summary.py and training/gate.py."""

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
