import numpy as np
import pytest
import torch

from lucidag.explain.faithfulness.measure import Image, measure
from lucidag.explain.faithfulness.removal import area, flipped, shares
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.methods.explainer import single
from lucidag.ground.statistics.ranks import ranks
from tests.faithfulness.cases import Additive, blob, fixed

SHARES = torch.tensor([[[0.1, 0.4], [0.2, 0.3]]])  # of the probability that each of four pixels is worth


def curves_of(model, x, explainer, steps=4, baseline="mean"):
    settings = FaithfulnessSettings(metrics=("deletion", "insertion"), steps=steps, baseline=baseline)
    found = measure(model, [Image("p", x, 1)], lambda _: [explainer], (1.0,), settings)
    method = explainer.methods[0]
    curves = {
        name: [point.value for point in found.points if (point.method, point.curve) == (method, name)]
        for name in ("deletion", "insertion")
    }
    return curves, {row.metric: row.value for row in found.rows if row.method == method}


def test_by_hand(monkeypatch):
    # Over a black baseline each pixel that goes takes its share of the probability with it.
    monkeypatch.setattr("lucidag.explain.faithfulness.shared.baseline", lambda x, *_: torch.zeros_like(x))
    curves, areas = curves_of(Additive(SHARES), torch.ones(1, 2, 2), fixed(SHARES[0].numpy()))
    assert curves["deletion"] == pytest.approx([1, 0.6, 0.3, 0.1, 0], abs=1e-6)
    assert curves["insertion"] == pytest.approx([0, 0.4, 0.7, 0.9, 1], abs=1e-6)
    assert areas["deletion"] == pytest.approx((0.5 + 0.6 + 0.3 + 0.1) / 4, abs=1e-6)
    assert areas["insertion"] == pytest.approx(1 - areas["deletion"], abs=1e-6)
    curves, _ = curves_of(Additive(SHARES), torch.ones(1, 2, 2), fixed(-SHARES[0].numpy()))
    assert curves["deletion"] == pytest.approx([1, 0.9, 0.7, 0.4, 0], abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_no_order_beats_the_true_one(seed, monkeypatch):
    monkeypatch.setattr("lucidag.explain.faithfulness.shared.baseline", lambda x, *_: torch.zeros_like(x))
    share = torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(seed))
    model, x = Additive(share / share.sum()), torch.ones(1, 8, 8)
    _, right = curves_of(model, x, fixed(share[0].numpy()), steps=64)
    _, wrong = curves_of(model, x, fixed(-share[0].numpy()), steps=64)
    for other in range(5):
        _, drawn = curves_of(model, x, fixed(blob(other, 8)), steps=64)
        assert right["deletion"] < drawn["deletion"] < wrong["deletion"]
        assert right["insertion"] > drawn["insertion"] > wrong["insertion"]


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_images_between(steps):
    draw = np.random.default_rng(steps)
    start, end = torch.zeros(3, 6, 6), torch.ones(3, 6, 6)
    values = draw.normal(size=(6, 6))
    order = ranks(values, 0)
    images = list(flipped(start, end, order, shares(steps)))
    assert torch.equal(images[0], start)
    assert torch.equal(images[-1], end)
    for image, share in zip(images, shares(steps), strict=True):
        changed = image[0].numpy() > 0
        assert changed.sum() == round(share * 36)
        assert all(torch.equal(image[0], each) for each in image)
        if changed.any() and not changed.all():
            assert values[changed].min() > values[~changed].max()


def test_areas():
    assert area(np.array([1.0, 0.0])) == 0.5
    assert area(np.full(7, 0.3)) == pytest.approx(0.3)
    at = shares(1000)
    assert area(at**2) == pytest.approx(1 / 3, abs=1e-6)


def test_ties_are_drawn_not_read_from_left_to_right(monkeypatch):
    monkeypatch.setattr("lucidag.explain.faithfulness.shared.baseline", lambda x, *_: torch.zeros_like(x))
    left = torch.zeros(1, 20, 20)
    left[:, :10] = 1 / 200
    one = np.zeros((20, 20))
    one[19, 19] = 1
    curves, _ = curves_of(Additive(left), torch.ones(1, 20, 20), single("one", lambda x, _: one[None]), steps=2)
    assert curves["deletion"][1] == pytest.approx(0.5, abs=0.15)  # 0 were the upper half deleted first
