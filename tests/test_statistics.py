"""Intervals against published and exact values, and the cases that break naive formulas."""

import math

import numpy as np
import pytest
from scipy import stats

from robosim.agents.evaluation.statistics import bootstrap, bootstrap_ratio, wilson


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (0, 10), (10, 10), (9, 10), (181, 263), (499, 500)])
def test_wilson_is_that_of_scipy(successes: int, trials: int) -> None:
    expected = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    found = wilson(successes, trials)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.mean == successes / trials
    assert 0.0 <= found.low <= found.mean <= found.high <= 1.0


def test_wilson_is_that_of_the_literature() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3: 81/263, 15/148, 0/20, 1/29.
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (successes, trials), interval in published.items():
        found = wilson(successes, trials)
        assert (found.low, found.high) == pytest.approx(interval, abs=5e-5)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (2, 1), (-1, 5)])
def test_wilson_refuses_what_is_no_rate(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match=f"{successes} of {trials}"):
        wilson(successes, trials)


def test_bootstrap_agrees_with_the_normal_interval_for_many_values() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 2000)
    found = bootstrap(list(values))
    half = 1.96 * values.std() / math.sqrt(values.size)
    assert found.mean == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)


def test_bootstrap_covers_the_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        found = bootstrap(list(rng.exponential(1.0, 50)), resamples=2000)
        covered += found.low <= 1.0 <= found.high
    assert 0.88 <= covered / 200 <= 0.98  # skewed values: a little below 95 %


def test_bootstrap_is_the_same_on_every_call_whatever_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    values = list(np.random.default_rng(2).normal(size=40))
    found = bootstrap(values)
    assert bootstrap(values) == found
    assert bootstrap(values, seed=1) != found
    monkeypatch.setattr("robosim.agents.evaluation.statistics._BLOCK", 100)
    assert bootstrap(values) == found


def test_bootstrap_of_one_value_and_of_equal_values_has_no_width() -> None:
    for values in ([2.5], [2.5] * 30):
        found = bootstrap(values)
        assert (found.mean, found.low, found.high, found.count) == (2.5, 2.5, 2.5, len(values))


def test_bootstrap_leaves_missing_values_out_and_says_how_many_remain() -> None:
    full, gaps = bootstrap([1.0, 2.0, 4.0]), bootstrap([1.0, math.nan, 2.0, math.nan, 4.0])
    assert gaps == full
    assert gaps.count == 3
    nothing = bootstrap([math.nan, math.nan])
    assert nothing.count == 0
    assert math.isnan(nothing.mean)


def test_a_ratio_of_sums_has_the_interval_of_the_delta_method() -> None:
    rng = np.random.default_rng(0)
    below = rng.uniform(10.0, 30.0, 500)
    above = rng.poisson(0.01 * below).astype(float)
    found = bootstrap_ratio(above, below)
    rate = above.sum() / below.sum()
    error = np.std(above - rate * below) / below.mean() / math.sqrt(500)
    assert found.mean == pytest.approx(rate)
    assert (found.low, found.high) == pytest.approx((rate - 1.96 * error, rate + 1.96 * error), rel=0.1)
    assert found.count == 500


def test_a_ratio_leaves_out_episodes_without_a_value_and_has_none_without_a_denominator() -> None:
    assert bootstrap_ratio([1.0, math.nan, 3.0], [1.0, 5.0, 1.0]).mean == 2.0
    assert math.isnan(bootstrap_ratio([1.0], [0.0]).mean)
    assert bootstrap_ratio([], []).count == 0
