"""Intervals around measured shares and means. Used by summary.py."""

import math
from collections.abc import Sequence

_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution: two-sided 95 %


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """Computes Wilson's 95 % interval of a share; unlike the plain one it holds for small n and for shares of 0 and 1.

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


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Computes the normal 95 % interval of a mean of values in [0, 1].

    Args:
        values: At least one value.

    Returns:
        Lower and upper end, cut to [0, 1].
    """
    n = len(values)
    mean = sum(values) / n
    if n == 1:
        return 0.0, 1.0
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
    half = _Z * deviation / math.sqrt(n)
    return max(0.0, mean - half), min(1.0, mean + half)
