"""How sure a mean is: 95 % intervals for rates and for averages over episodes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
"""The standard normal distribution's 97.5 % quantile."""

_RESAMPLES = 4_000
_BLOCK = 1_000_000  # indices drawn at once: 8 MB, whatever the number of episodes


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float
    count: int
    """How many values the mean is over."""


def wilson(successes: int, trials: int) -> Interval:
    """The rate of successes with its 95 % Wilson score interval.

    Unlike mean ± 1.96 standard errors it stays within [0, 1] and does not shrink to nothing at 0 or 100 %.
    E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22(158),
    209-212; recommended over others by L. D. Brown, T. T. Cai, A. DasGupta (2001), "Interval estimation for a
    binomial proportion", Statistical Science 16(2), 101-133, eq. (4).

    Raises:
        ValueError: There are no trials, or more successes than trials.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"successes must be 0 to trials and trials at least 1, got {successes} of {trials}")
    rate, z2 = successes / trials, Z_95**2
    centre = (rate + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 / (1 + z2 / trials) * math.sqrt(rate * (1 - rate) / trials + z2 / (4 * trials**2))
    # At 0 and at 100 % the formula gives exactly 0 and 1, but for rounding.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return Interval(rate, low, high, trials)


def bootstrap(values: Sequence[float], seed: int = 0, resamples: int = _RESAMPLES) -> Interval:
    """The mean with its 95 % percentile bootstrap interval, the same on every call.

    B. Efron, R. J. Tibshirani (1993), "An Introduction to the Bootstrap", chapter 13.

    Args:
        values: One per episode. NaN means that the episode has no such value, and is left out.
        seed: Of the resampling.
        resamples: How often the values are drawn anew, with replacement.

    Returns:
        The interval, with the number of values that are not NaN; the rest is NaN where there are none or one of them
        is infinite.
    """
    known = np.asarray(values, np.float64)
    return bootstrap_ratio(known, np.where(np.isnan(known), np.nan, 1.0), seed, resamples)


def bootstrap_ratio(
    above: Sequence[float] | NDArray[np.float64],
    below: Sequence[float] | NDArray[np.float64],
    seed: int = 0,
    resamples: int = _RESAMPLES,
) -> Interval:
    """The sum of some values over the sum of others, such as collisions per metre, with its interval as `bootstrap`.

    The mean of each episode's own ratio would be another number, ruled by the shortest episodes.

    Args:
        above: The numerator's, one per episode; NaN leaves the episode out.
        below: The denominator's, likewise.
        seed: Of the resampling.
        resamples: How often the episodes are drawn anew, with replacement.

    Returns:
        See `bootstrap`; NaN also where the denominators may sum to 0.
    """
    pairs = np.column_stack([np.asarray(above, np.float64), np.asarray(below, np.float64)])
    pairs = pairs[~np.isnan(pairs).any(axis=1)]
    count = len(pairs)
    if count == 0 or np.isinf(pairs).any() or not pairs[:, 1].any():
        return Interval(math.nan, math.nan, math.nan, count)
    rng = np.random.default_rng(seed)
    rows = max(1, _BLOCK // count)
    sums = np.concatenate(
        [
            pairs[rng.integers(count, size=(min(rows, resamples - done), count))].sum(axis=1)
            for done in range(0, resamples, rows)
        ]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.percentile(sums[:, 0] / sums[:, 1], [2.5, 97.5])
    mean = pairs[:, 0].sum() / pairs[:, 1].sum()
    return Interval(float(mean), float(low), float(high), count)
