import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.perturbation_confidence import PerturbationConfidenceMetric, RemoveMostRelevantFirst
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget

from lucidag.explain.faithfulness.removal import imputed, removals, road
from lucidag.explain.faithfulness.shared import scores
from lucidag.ground.statistics.ranks import ranks
from tests.faithfulness.cases import image, network

NEAR = {(i, j): (1 / 12 if i and j else 1 / 6) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j}


def blobs(seed, size, share):
    draw = np.random.default_rng(seed).random((size, size))
    return draw < np.quantile(draw, share)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_each_guess_is_the_mean_of_its_neighbours(seed, share):
    x, removed = image(seed, 3, 12), blobs(seed, 12, share)
    found = imputed(x, removed, torch.zeros_like(x)).double().numpy()
    np.testing.assert_array_equal(found[:, ~removed], x.double().numpy()[:, ~removed])
    for i, j in np.argwhere(removed):
        inside = {(i + a, j + b): w for (a, b), w in NEAR.items() if 0 <= i + a < 12 and 0 <= j + b < 12}
        mean = sum(w * found[:, y, x] for (y, x), w in inside.items()) / sum(inside.values())
        np.testing.assert_allclose(found[:, i, j], mean, atol=2e-5)


def test_a_ramp_is_guessed_exactly():
    line = torch.linspace(-1, 2, 15)
    x = (line[:, None] + 2 * line[None])[None]
    removed = np.zeros((15, 15), dtype=bool)
    removed[3:11, 4:12] = True
    torch.testing.assert_close(imputed(x, removed, torch.zeros_like(x)), x, atol=1e-5, rtol=0)


def test_noise_is_only_where_a_pixel_is_guessed():
    x, removed, noise = image(0, 3, 12), blobs(0, 12, 0.3), image(7, 3, 12)
    plain, noisy = (imputed(x, removed, each) for each in (torch.zeros_like(x), noise))
    torch.testing.assert_close(noisy - plain, noise * torch.from_numpy(removed), atol=1e-6, rtol=0)
    assert torch.equal(imputed(x, np.zeros((12, 12), dtype=bool), noise), x)


@pytest.mark.parametrize("seed", range(3))
def test_the_library_gives_the_same_where_no_pixels_are_equal(seed):
    model, x, size = network(seed), image(seed, 3, 21), 21
    values = np.random.default_rng(seed).random((size, size)).astype(np.float32)
    percentiles = (90, 70, 50, 20)
    # From a percentile up, so many pixels go.
    removed = [int((values >= np.percentile(values, each)).sum()) / size**2 for each in percentiles]
    targets = [ClassifierOutputSoftmaxTarget(2)]

    def theirs(sign):
        means = []
        for percentile in percentiles:
            remover = RemoveMostRelevantFirst(percentile, NoisyLinearImputer(noise=0))
            metric = PerturbationConfidenceMetric(remover)
            means.append(metric(x[None], (sign * values)[None], targets, model)[0])
        return float(np.mean(means))

    found = scores(model, removals(x, ranks(values, 0), removed, torch.zeros_like(x)), 2, 3).probability
    most, least = np.split(found, 2)
    assert road(most, least) == pytest.approx((theirs(-1) - theirs(1)) / 2, abs=1e-6)


def test_the_share_is_exact_where_pixels_are_equal():
    values = np.zeros((10, 10))
    values[:3] = 1  # a map with a plateau of zeros, as class activation maps have
    taken = []
    for image_without in removals(torch.ones(1, 10, 10), ranks(values, 4), (0.2, 0.5), torch.full((1, 10, 10), 5.0)):
        taken.append((image_without[0] > 3).numpy())
    assert [each.sum() for each in taken] == [20, 50, 20, 50]
    assert taken[0][:3].sum() == 20
    assert taken[1][:3].all()
    assert not taken[2][:3].any()
    # The percentile of the package would have taken every pixel.
    whole = RemoveMostRelevantFirst(20, lambda _, mask: mask)(torch.ones(1, 10, 10), torch.from_numpy(values))
    assert not whole.any()


@pytest.mark.parametrize("seed", range(2))
def test_noise_is_drawn_once_for_all_methods(seed):
    x = image(seed, 3, 12)
    noise = image(seed + 50, 3, 12)
    every = ranks(np.random.default_rng(seed).random((12, 12)), 0)
    first, *_ = removals(x, every, (0.4,), noise)
    again, *_ = removals(x, every, (0.4,), noise)
    assert torch.equal(first, again)
