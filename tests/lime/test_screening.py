"""Forward selection that fits few superpixels chooses what the library's chooses."""

import warnings

import numpy as np
import pytest
from lime.lime_image import LimeImageExplainer
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances

from lucidag.explain.lime.regression import ScreenedBase, Screening, regress


def problem(kind, seed):
    """Draw masks and the probabilities of one class; every kind but the first is a trap."""
    random = np.random.RandomState(seed)
    rows, columns = int(random.choice([3, 6, 12, 30, 100])), int(random.choice([2, 3, 6, 20]))
    masks = random.randint(0, 2, (rows, columns)).astype(float)
    masks[0] = 1
    logits = masks @ random.randn(columns)
    if kind == "twins":
        masks[:, 1] = masks[:, 0]
    elif kind == "sum of others" and columns > 2:
        masks[:, 2] = 1 - masks[:, 0]
        masks[0] = 1
    elif kind == "constant column":
        masks[:, -1] = 1
    elif kind == "perfect fit":
        logits = 2 * masks[:, 0] - 1
    elif kind == "tie":
        logits = masks[:, 0] + masks[:, 1]
    elif kind == "one row apart":
        logits = np.eye(rows)[0]
    return masks, (1 / (1 + np.exp(-logits)))[:, None].astype(np.float32 if seed % 2 else np.float64)


@pytest.mark.parametrize(
    "kind", ["plain", "twins", "sum of others", "constant column", "perfect fit", "tie", "one row apart"]
)
def test_the_choice_is_the_librarys(kind):
    for seed in range(8):
        masks, probabilities = problem(kind, seed)
        number = 1 + seed % 6
        explainer = LimeImageExplainer(kernel_width=(0.25, 0.05)[seed % 2], random_state=0)
        distances = pairwise_distances(masks, masks[:1], metric="cosine").ravel()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of singular systems, which the traps are made of
            # The package has whole numbers here.
            _, expected, score, local = explainer.base.explain_instance_with_data(
                masks.astype(int), probabilities, distances, 0, number
            )
            found = regress(explainer, masks, probabilities, [0], number)[0]
        assert [index for index, _ in found.weights] == [index for index, _ in expected]
        np.testing.assert_allclose([w for _, w in found.weights], [w for _, w in expected], atol=1e-9)
        assert found.score == pytest.approx(score, abs=1e-9)
        assert found.local_prediction == pytest.approx(float(local[0]), abs=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_gain_of_a_column_is_that_of_a_regression(seed):
    random = np.random.RandomState(seed)
    data, answer, weights = random.randint(0, 2, (60, 7)).astype(float), random.rand(60), random.rand(60)
    screening, used = Screening(data, answer, weights), []
    for column in (4, 1):
        screening.keep(column)
        used.append(column)
    left = 1 - float(screening.answer @ screening.answer) / screening.total
    model = Ridge(alpha=0).fit(data[:, used], answer, sample_weight=weights)
    assert left == pytest.approx(model.score(data[:, used], answer, sample_weight=weights), abs=1e-12)
    scores = {
        c: Ridge(alpha=0).fit(data[:, [*used, c]], answer, weights).score(data[:, [*used, c]], answer, weights)
        for c in range(7)
        if c not in used
    }
    assert screening.candidates(used) == [max(scores, key=scores.get)]


def test_what_cannot_be_known_is_left_to_the_regression():
    random = np.random.RandomState(0)
    data, answer = random.randint(0, 2, (60, 5)).astype(float), random.rand(60)
    data[:, 1] = data[:, 0]
    screening = Screening(data, answer + data[:, 3], np.ones(60))
    assert screening.candidates([]) == [3]
    screening.keep(0)
    assert screening.candidates([0]) == [1, 3]  # what the twin of a kept column adds is rounding
    few = Screening(data[:6], answer[:6], np.ones(6))
    few.keep(2)
    assert few.candidates([2]) == [0, 1, 3, 4]


def test_few_superpixels_are_fitted(monkeypatch):
    fits = []
    fit = Ridge.fit

    def counted(self, *arguments, **words):
        fits.append(1)
        return fit(self, *arguments, **words)

    monkeypatch.setattr(Ridge, "fit", counted)
    random = np.random.RandomState(0)
    masks = random.randint(0, 2, (300, 40)).astype(float)
    masks[0] = 1
    answer = masks @ random.randn(40)
    explainer = LimeImageExplainer(random_state=0)
    explainer.base.forward_selection(masks, answer, np.ones(300), 6)
    assert len(fits) == 40 + 39 + 38 + 37 + 36 + 35
    fits.clear()
    ScreenedBase(explainer.base.kernel_fn).forward_selection(masks, answer, np.ones(300), 6)
    assert len(fits) < 12
