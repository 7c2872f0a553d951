import numpy as np
import pytest
import torch
from captum.metrics import infidelity as by_captum

from lucidag.explain.faithfulness.perturbation import infidelity
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.faithfulness.shared import Shared, baseline, random_squares
from tests.faithfulness.cases import SIZE, Linear, blob, gradient, image, network, times_input

KINDS = ("square", "noise")


def shared_of(model, seed, channels=3, **settings):
    settings = FaithfulnessSettings(seed=seed, infidelity_samples=40, **settings)
    return Shared(model, f"p{seed}", image(seed, channels), 1, (0.5,), settings)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("base", ["blur", "mean"])
@pytest.mark.parametrize("seed", range(3))
def test_a_linear_network_explained_by_its_weights(kind, base, seed):
    model = Linear(seed, channels=1)
    shared = shared_of(model, seed, 1, perturbation=kind, baseline=base)
    weight = model.weight.detach().numpy()[0].astype(float)
    # Noise is added: the weights foretell it. A square is replaced: weights times what is taken away do.
    right = weight if kind == "noise" else weight * (shared.x - shared.baseline)[0].numpy()
    assert infidelity(right, *shared.perturbations).value < 1e-9
    assert infidelity(right, *shared.perturbations).note == ""  # its sign is the right one
    assert "opposite" in infidelity(-right, *shared.perturbations).note
    assert infidelity(7.5 * right, *shared.perturbations).value < 1e-9
    assert infidelity(blob(seed), *shared.perturbations).value > 0.2


@pytest.mark.parametrize("seed", range(3))
def test_squares_in_three_channels(seed):
    model = Linear(seed)
    shared = shared_of(model, seed)
    right = (model.weight.detach() * (shared.x - shared.baseline)).sum(dim=0).numpy().astype(float)
    assert infidelity(right, *shared.perturbations).value < 1e-9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", [gradient, times_input])
@pytest.mark.parametrize("seed", range(3))
def test_captum_gives_the_same_for_the_same_perturbations(kind, method, seed):
    model = network(seed)
    shared = shared_of(model, seed, perturbation=kind)
    (values,) = method(model)(shared.x[None], 1).values()
    changes = list(shared._added() if kind == "noise" else shared._replaced())
    perturbed = torch.stack([each for _, each in changes])
    if kind == "noise":  # all channels of I, as captum wants them
        told = shared.x - perturbed
    else:
        told = torch.from_numpy(np.stack([weight for weight, _ in changes]))[:, None].expand(-1, 3, -1, -1) / 3
    attributions = torch.from_numpy(values).float()[:, None].expand(-1, 3, -1, -1)
    theirs = by_captum(
        model, lambda _: (told, perturbed), shared.x[None], attributions, target=1, n_perturb_samples=40, normalize=True
    )
    spread = float(np.mean(shared.perturbations[1] ** 2))
    assert infidelity(values[0], *shared.perturbations).value * spread == pytest.approx(float(theirs), rel=2e-4)


@pytest.mark.parametrize("seed", range(3))
def test_scale_does_not_matter_and_a_turned_sign_is_named(seed):
    draw = np.random.default_rng(seed)
    weights, values = draw.normal(size=(30, 6, 6)).astype(np.float32), draw.normal(size=(6, 6))
    drops = (weights * values).sum(axis=(1, 2)) + draw.normal(size=30)
    plain, scaled, turned = (infidelity(factor * values, weights, drops) for factor in (1, 1e3, -2))
    assert scaled.value == pytest.approx(plain.value, rel=1e-9)
    assert turned.value == pytest.approx(plain.value, rel=1e-9)
    assert plain.note == ""
    assert "opposite" in turned.note
    # The best scale leaves what a regression through the origin leaves.
    told = (weights * values).sum(axis=(1, 2), dtype=float)
    _, rest, _, _ = np.linalg.lstsq(told[:, None], drops, rcond=None)
    assert plain.value == pytest.approx(rest[0] / np.sum(drops**2), rel=1e-6)
    assert 0 < plain.value < 1
    doubled = infidelity(values, weights, 2 * drops)  # the size of the drops does not count
    assert doubled.value == pytest.approx(plain.value, rel=1e-9)


def test_undefined():
    weights, drops = np.ones((3, 4, 4), dtype=np.float32), np.array([1.0, 2, 3])
    assert infidelity(np.zeros((4, 4)), weights, drops).value is None
    assert infidelity(np.ones((4, 4)), weights, drops).value is None
    one = np.zeros((4, 4))
    one[0, 0] = 1
    found = infidelity(one, weights, np.zeros(3))
    assert (found.value, found.note) == (None, "no perturbation changes the logit")
    weights[:, 0, 0] = 0
    assert "touches" in infidelity(one, weights, drops).note


@pytest.mark.parametrize(("size", "largest"), [(16, 0.35), (9, 1.0), (4, 0.01)])
def test_squares_lie_inside_and_have_all_sides(size, largest):
    squares = list(random_squares(size, largest, 400, [5]))
    sides = {rows.stop - rows.start for rows, _ in squares}
    assert sides == set(range(1, max(1, round(largest * size)) + 1))
    for rows, columns in squares:
        assert rows.stop - rows.start == columns.stop - columns.start
        assert min(rows.start, columns.start) >= 0
        assert max(rows.stop, columns.stop) <= size


def test_baselines():
    x = image(0)
    mean = baseline(x, "mean", 0.1)
    assert mean.shape == x.shape
    torch.testing.assert_close(mean[:, 3, 5], x.mean(dim=(1, 2)))
    blurred = baseline(x, "blur", 0.1)
    assert blurred.std() < 0.5 * x.std()
    torch.testing.assert_close(blurred.mean(), x.mean(), atol=0.02, rtol=0)
    torch.testing.assert_close(
        baseline(torch.full((3, SIZE, SIZE), 0.4), "blur", 0.1), torch.full((3, SIZE, SIZE), 0.4)
    )
