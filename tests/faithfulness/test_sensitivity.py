import numpy as np
import pytest
import torch
from captum.metrics import sensitivity_max as by_captum

from lucidag.explain.faithfulness.perturbation import sensitivity_max
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.faithfulness.shared import Shared, uniform_noise
from tests.faithfulness.cases import blob, fixed, gradient, image, network, times_input


def ours(explainer, shared):
    original = explainer(shared.x[None], shared.target)[explainer.methods[0]][0]
    moved = np.concatenate([explainer(each, shared.target)[explainer.methods[0]] for each in shared.noisy()])
    return sensitivity_max(original, moved)


@pytest.mark.parametrize("kind", [gradient, times_input])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("batch_size", [3, 32])
def test_captum_gives_the_same_for_the_same_noise(kind, seed, batch_size):
    model = network(seed)
    explainer = kind(model)
    std = (0.2, 0.3, 0.4)
    settings = FaithfulnessSettings(sensitivity_samples=7, seed=seed, batch_size=batch_size)
    shared = Shared(model, f"p{seed}", image(seed), 1, std, settings)
    noise = torch.stack(list(shared.noise(7)))

    def explain(x):
        # captum takes gradients off, and gives the image itself in a tuple, which must come back as one.
        whole = x[0] if isinstance(x, tuple) else x
        found = torch.from_numpy(explainer(whole, 1)[explainer.methods[0]])
        found = found / found.flatten(1).norm(dim=1)[:, None, None]
        return (found,) if isinstance(x, tuple) else found

    theirs = by_captum(explain, shared.x[None], perturb_func=lambda x: x + noise, n_perturb_samples=7)
    assert ours(explainer, shared).value == pytest.approx(float(theirs), rel=1e-5)


def test_by_hand():
    values = np.array([[3.0, 0], [0, 4]])
    moved = values + np.array([[[0, 0], [0, 0]], [[1, 0], [0, 0]], [[0, 2], [0, 0]]])
    # By the cosines of the angles between (3, 0, 0, 4) and (3, 2, 0, 4), and (4, 0, 0, 4).
    far = max((2 - 2 * 25 / (5 * 29**0.5)) ** 0.5, (2 - 2 * 28 / (5 * 32**0.5)) ** 0.5)
    assert sensitivity_max(values, moved).value == pytest.approx(far)
    assert sensitivity_max(-values, -moved).value == pytest.approx(far)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
def test_the_scale_of_a_map_does_not_count_and_a_turned_one_is_farthest(scale):
    draw = np.random.default_rng(0)
    values, moved = draw.random((5, 5)), draw.random((4, 5, 5))
    scales = scale * np.array([1, 2, 3, 4])[:, None, None]
    assert sensitivity_max(values, scales * moved).value == pytest.approx(sensitivity_max(values, moved).value)
    assert sensitivity_max(values, -scale * values[None]).value == pytest.approx(2)
    assert sensitivity_max(values, np.zeros((1, 5, 5))).value == pytest.approx(1)


@pytest.mark.parametrize("seed", range(3))
def test_a_method_that_ignores_the_image_is_stable(seed):
    shared = Shared(network(seed), "p", image(seed), 0, (0.5,), FaithfulnessSettings(seed=seed))
    assert ours(fixed(blob(seed)), shared).value == 0


@pytest.mark.parametrize(("level", "words"), [(0.0, "zero everywhere"), (0.7, "same value everywhere")])
def test_nothing_shown_is_undefined(level, words):
    found = sensitivity_max(np.full((4, 4), level), np.random.default_rng(0).random((3, 4, 4)))
    assert found.value is None
    assert words in found.note


@pytest.mark.parametrize("std", [(0.25,), (0.1, 0.2, 0.5)])
def test_noise_fills_the_ball_and_no_more(std):
    noise = torch.stack(list(uniform_noise((3, 8, 8), 0.02, std, 200, [3]))).numpy()
    for channel, width in enumerate(np.broadcast_to(std, 3)):
        assert np.abs(noise[:, channel]).max() <= 0.02 / width * (1 + 1e-6)
        assert np.abs(noise[:, channel]).max() > 0.0199 / width
        assert abs(noise[:, channel].mean()) < 4 * 0.02 / width / np.sqrt(3 * 200 * 64)


def test_more_draws_begin_with_the_same():
    few, many = (list(uniform_noise((1, 4, 4), 0.02, (1.0,), draws, [1, 2])) for draws in (3, 9))
    for one, other in zip(few, many, strict=False):
        assert torch.equal(one, other)
    assert not torch.equal(many[0], many[1])
