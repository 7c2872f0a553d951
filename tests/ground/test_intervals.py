import warnings

import numpy as np
import pytest
from scipy.stats import binom

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.intervals import estimate, share


@pytest.mark.parametrize("seed", range(4))
def test_interval_holds_the_mean_and_shrinks(seed):
    rng = np.random.default_rng(seed)
    widths = []
    for n in (10, 40, 160, 640):
        found = estimate(rng.random(n), resamples=500)
        assert found.low < found.mean < found.high
        assert (found.n, found.undefined) == (n, 0)
        widths.append(found.high - found.low)
    assert widths == sorted(widths, reverse=True)
    # Uniform numbers have a standard deviation of .2887; the normal interval is 3.92 standard errors wide.
    assert widths[-1] == pytest.approx(3.92 * 0.2887 / np.sqrt(640), rel=0.15)


def test_coverage():
    rng = np.random.default_rng(0)
    hits = [found.low <= 0.5 <= found.high for found in (estimate(rng.random(30), resamples=300) for _ in range(200))]
    # 95% nominal; a percentile interval of 30 is a little short. Three standard errors of 200 trials are .05.
    assert 0.87 <= np.mean(hits) <= 1


def test_confidence_widens():
    values = np.random.default_rng(1).random(20)
    narrow, wide = estimate(values, 0.5), estimate(values, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
    with pytest.raises(InputError, match="confidence"):
        estimate(values, 95)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_interval_is_between_percentiles_of_the_means_of_samples(confidence):
    values = np.array([0.0] * 9 + [1])
    found = estimate(values, confidence, resamples=20000)
    # The mean of a sample is a binomial share of 10.
    tail = (1 - confidence) / 2
    assert (found.low, found.high) == pytest.approx(tuple(binom.ppf([tail, 1 - tail], 10, 0.1) / 10))


def test_same_seed_same_numbers():
    values = np.random.default_rng(2).random(15)
    assert estimate(values, seed=4) == estimate(values, seed=4)
    assert estimate(values, seed=4) != estimate(values, seed=5)


def test_undefined_values_are_left_out_and_counted():
    values = [0.2, np.nan, 0.4, 0.9, np.nan]
    found, clean = estimate(values), estimate([0.2, 0.4, 0.9])
    assert (found.mean, found.low, found.high) == (clean.mean, clean.low, clean.high)
    assert (found.n, found.undefined) == (3, 2)


@pytest.mark.parametrize(("values", "mean"), [([], np.nan), ([np.nan], np.nan), ([0.3], 0.3), ([0.3, np.nan], 0.3)])
def test_too_few(values, mean):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate(values)
    np.testing.assert_array_equal([found.mean, found.low, found.high], [mean, np.nan, np.nan])


def test_equal_values_have_an_interval_of_no_width():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate([0.25] * 6)
    assert found.low == found.mean == found.high == 0.25


def test_wilson_covers_what_it_says():
    # the true share is inside its interval in about 95 % of all samples, also near the end of the scale
    for true in (0.03, 0.1, 0.5):
        intervals = [share(hits, 60, 0.95) for hits in range(61)]
        inside = [each["low"] <= true <= each["high"] for each in intervals]
        assert 0.92 < binom.pmf(np.arange(61), 60, true)[inside].sum() < 0.99
    assert share(0, 0, 0.95) == {"value": None, "low": None, "high": None, "n": 0}
