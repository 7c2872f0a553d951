import warnings

import numpy as np
import pytest
from scipy.stats import binom, binomtest, ttest_1samp, ttest_ind

from lucidag.ground.errors import InputError
from lucidag.ground.statistics.intervals import estimate, share, share_difference
from lucidag.ground.statistics.studentised import studentised


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


@pytest.mark.parametrize(
    ("draw", "truth", "least"),
    [
        (lambda rng, n: rng.normal(size=n), 0.0, 0.93),
        (lambda rng, n: rng.random(n), 0.5, 0.93),
        (lambda rng, n: rng.exponential(size=n), 1.0, 0.90),
        (lambda rng, n: rng.random(n) * (rng.random(n) < 0.5), 0.25, 0.93),
    ],
)
@pytest.mark.parametrize("n", [10, 30])
def test_coverage(draw, truth, least, n):
    rng = np.random.default_rng(n)
    found = [estimate(draw(rng, n), resamples=200) for _ in range(300)]
    hits = [each.low <= truth <= each.high for each in found if not each.reason]
    # Less than three standard errors of 300 trials below what is promised.
    assert np.mean(hits) >= least - 3 * (least * (1 - least) / 300) ** 0.5


def test_confidence_widens():
    values = np.random.default_rng(1).random(20)
    narrow, wide = estimate(values, 0.5), estimate(values, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
    with pytest.raises(InputError, match="confidence"):
        estimate(values, 95)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize("seed", range(3))
def test_the_interval_is_students_or_wider(confidence, seed):
    values = np.random.default_rng(seed).exponential(size=12)
    found = estimate(values, confidence, resamples=500)
    student = ttest_1samp(values, 0).confidence_interval(confidence)
    assert found.low <= student.low + 1e-12
    assert found.high >= student.high - 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_the_bootstrap_t_reaches_as_far_as_that_of_a_plain_loop(seed):
    values = np.random.default_rng(seed).lognormal(size=15)
    rng = np.random.default_rng(100 + seed)
    drawn = []
    for _ in range(20_000):
        sample = rng.choice(values, 15)
        drawn.append((sample.mean() - values.mean()) / (sample.std(ddof=1) / 15**0.5))
    upper = values.mean() - np.quantile(drawn, 0.025) * values.std(ddof=1) / 15**0.5
    assert estimate(values, resamples=20_000).high == pytest.approx(upper, rel=0.05)


def test_the_interval_ends_where_values_do():
    values = np.array([0.0, 0.0, 0.01, 0.02, 0.9])
    plain, ended = estimate(values), estimate(values, bounds=(0, 1))
    assert plain.low < 0 < 1 < plain.high
    assert (ended.low, ended.high) == (0, 1)


@pytest.mark.parametrize("seed", range(2))
def test_the_interval_of_two_means_is_welchs_or_wider(seed):
    rng = np.random.default_rng(seed)
    one, other = rng.exponential(size=14), rng.normal(size=9)
    low, high = studentised((one, other), 0.95, 500, 0)
    welch = ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert low <= welch.low + 1e-12
    assert high >= welch.high - 1e-12


def test_the_difference_of_two_shares_is_newcombes():
    # The paper's example: 56 of 70 less 48 of 80, method 10.
    assert share_difference(56, 70, 48, 80, 0.95) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    low, high = share_difference(0, 9, 0, 9, 0.95)
    assert low < 0 < high


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


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "no value is too few"),
        ([0.3], "1 value is too few"),
        ([0.3, 0.4], "2 values are too few"),
        ([0.25] * 6, "all 6 values are equal"),
        ([0.0] * 9, "all 9 values are equal"),
        ([0.0] * 9 + [1], "all 10 values but one are equal"),
        ([0.0] * 8 + [1, 0.5], ""),
    ],
)
def test_what_tells_nothing_has_no_interval_but_a_reason(values, reason):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate(values)
    assert found.reason.startswith(reason) if reason else found.reason == ""
    assert np.isnan(found.low) == np.isnan(found.high) == bool(reason)
    assert found.json()["reason"] == (found.reason or None)


def test_wilson_covers_what_it_says():
    # the true share is inside its interval in about 95 % of all samples, also near the end of the scale
    for true in (0.03, 0.1, 0.5):
        intervals = [share(hits, 60, 0.95) for hits in range(61)]
        inside = [each["low"] <= true <= each["high"] for each in intervals]
        assert 0.92 < binom.pmf(np.arange(61), 60, true)[inside].sum() < 0.99
    assert share(0, 0, 0.95) == {"value": None, "low": None, "high": None, "n": 0}


@pytest.mark.parametrize("hits", [0, 1, 17, 59, 60])
def test_wilson_is_that_of_scipy(hits):
    theirs = binomtest(hits, 60).proportion_ci(0.9, method="wilson")
    found = share(hits, 60, 0.9)
    assert (found["low"], found["high"]) == (theirs.low, theirs.high)
    assert (found["low"] == 0, found["high"] == 1) == (hits == 0, hits == 60)
