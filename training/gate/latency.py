"""Whether a model answers more slowly than another, whatever the machine did meanwhile. Pure; called by decision.py.

The two were measured on different nights, perhaps on different machines. The base model answers the same questions
in each evaluation, so its time is the clock: what it took longer, the machine was slower. The times of one batch are
alike, so the interval is a little narrow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.gate.scorecard import Scorecard

_RESAMPLES = 2000
_SEED = 17  # the same times have the same interval each time


@dataclass(frozen=True)
class Latency:
    """One model's time against another's.

    Attributes:
        n: Pairs that both answered, or the first model's where they share none.
        milliseconds: The first model's mean.
        other_milliseconds: The second's.
        machine: How much longer the base model took in the first's evaluation than in the second's; 1 where the clock
            is not known.
        has_clock: Whether it is.
        ratio: First over second, divided by `machine`.
        low: Lower end of the ratio's 95 % interval (bootstrap over pairs).
        high: Upper end.
    """

    n: int
    milliseconds: float
    other_milliseconds: float
    machine: float
    has_clock: bool
    ratio: float
    low: float
    high: float


def compare_latency(first: Scorecard, second: Scorecard) -> Latency | None:
    """Compare the time for an answer, on the pairs that both models answered where there are any.

    Args:
        first: One model.
        second: The other. Its clock is empty where its base model was another one.

    Returns:
        The comparison; None where one of them was not timed.
    """
    mine, theirs = first.milliseconds(), second.milliseconds()
    shared = sorted(mine.keys() & theirs.keys())
    pairs, other_pairs = (shared, shared) if shared else (sorted(mine), sorted(theirs))
    timed = _timed(pairs, first.clock), _timed(other_pairs, second.clock)
    if shared:  # a clock must have run for the same pairs
        timed = (sorted(set(timed[0]) & set(timed[1])),) * 2
    has_clock = bool(timed[0]) and bool(timed[1])
    if has_clock:
        pairs, other_pairs = timed
    if not sum(mine[pair] for pair in pairs) or not sum(theirs[pair] for pair in other_pairs):
        return None
    times, other_times = _column(pairs, mine), _column(other_pairs, theirs)
    clock = _column(pairs, first.clock) if has_clock else np.ones(len(pairs))
    other_clock = _column(other_pairs, second.clock) if has_clock else np.ones(len(other_pairs))

    chance = np.random.default_rng(_SEED)
    drawn = chance.integers(0, len(pairs), size=(_RESAMPLES, len(pairs)))  # (resamples, n)
    drawn_other = drawn if shared else chance.integers(0, len(other_pairs), size=(_RESAMPLES, len(other_pairs)))
    relative = times[drawn].sum(axis=1) / clock[drawn].sum(axis=1)  # (resamples,)
    other_relative = other_times[drawn_other].sum(axis=1) / other_clock[drawn_other].sum(axis=1)
    low, high = np.percentile(relative / other_relative, [2.5, 97.5])
    machine = clock.mean() / other_clock.mean()
    return Latency(
        len(pairs), float(times.mean()), float(other_times.mean()), float(machine), has_clock,
        float(times.mean() / other_times.mean() / machine), float(low), float(high),
    )  # fmt: skip


def _timed(pairs: list[str], clock: Mapping[str, float]) -> list[str]:
    return [pair for pair in pairs if clock.get(pair)]


def _column(pairs: list[str], values: Mapping[str, float]) -> np.ndarray:
    return np.array([values[pair] for pair in pairs], dtype=np.float64)  # (n,)
