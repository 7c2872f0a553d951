"""The area under a ROC curve: scikit-learn's, with DeLong's variance by hand."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.metrics import roc_auc_score

from lucidag.ground.statistics.areas import area_interval


def drawn(seed, n=40):
    rng = np.random.default_rng(seed)
    positive = np.arange(n) % 3 == 0
    return np.round(rng.normal(size=n) + positive, 1), positive  # rounded, so that some are equal


@pytest.mark.parametrize("seed", range(4))
def test_the_area_is_scikit_learns_and_its_variance_delongs(seed):
    score, positive = drawn(seed)
    found = area_interval(score, positive, None, 0.95)
    area = roc_auc_score(positive, score)
    assert found["value"] == pytest.approx(area)
    yes, no = score[positive], score[~positive]
    psi = (yes[:, None] > no) + 0.5 * (yes[:, None] == no)
    parts = [psi.mean(axis=1), psi.mean(axis=0)]
    error = sum(((part - area) ** 2).sum() / len(part) ** 2 for part in parts) * 40 / 39
    reach = t.ppf(0.975, len(yes) - 1) * error**0.5 / (area * (1 - area))
    assert (found["low"], found["high"]) == pytest.approx((expit(logit(area) - reach), expit(logit(area) + reach)))
    assert found["reason"] is None


@pytest.mark.parametrize("seed", range(3))
def test_copies_of_a_patients_image_tell_nothing_new(seed):
    score, positive = drawn(seed)
    once = area_interval(score, positive, None, 0.95)
    owner = np.arange(len(score)).repeat(4)
    again = area_interval(score.repeat(4), positive.repeat(4), owner, 0.95)
    for key in ("value", "low", "high"):
        assert again[key] == pytest.approx(once[key])
    assert area_interval(score.repeat(4), positive.repeat(4), None, 0.95)["low"] > once["low"]


def test_few_or_perfectly_ordered_images_have_no_interval():
    few = area_interval(np.arange(8.0), np.arange(8) > 3, None, 0.95)
    assert few["low"] is few["high"] is None
    assert "too few" in few["reason"]
    perfect = area_interval(np.arange(20.0), np.arange(20) > 9, None, 0.95)
    assert perfect["value"] == 1
    assert perfect["low"] is None
    assert "it is 1" in perfect["reason"]
