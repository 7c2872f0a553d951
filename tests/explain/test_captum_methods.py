"""Methods that captum computes: equal to captum called plainly, exact on linear networks, with draws of their own."""

import re

import numpy as np
import pytest
import torch
from captum.attr import GradientShap, IntegratedGradients, NoiseTunnel, Occlusion, Saliency
from torch import nn

from lucidag.explain.methods.averaged import drawing
from lucidag.explain.methods.base import Method
from lucidag.explain.methods.probe import look
from lucidag.explain.methods.registry import load
from lucidag.explain.stage import explain_subjects, open_group
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.small import small_cnn

SIZE, CLASSES = 16, 3
INPUTS = Inputs(SIZE, 3, "stretch", (0.4, 0.5, 0.6), (0.2, 0.25, 0.3))
BLACK = torch.tensor([-0.4 / 0.2, -0.5 / 0.25, -0.6 / 0.3]).view(3, 1, 1).expand(3, SIZE, SIZE)
DRAWING = ("smoothgrad", "expected_gradients", "rise")
QUICK = {"rise": {"samples": 40}, "expected_gradients": {"samples": 9}, "smoothgrad": {"samples": 9}}
EVERY = ("integrated_gradients", "expected_gradients", "smoothgrad", "occlusion", "rise")


class Linear(nn.Module):
    """A logit that is a weighted sum of the pixels."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        self.weight = nn.Parameter(torch.randn(CLASSES, 3, SIZE, SIZE, generator=draw))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.einsum("nchw,kchw->nk", x, self.weight)


def network(seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return small_cnn(CLASSES, width=4, depth=2).eval()


def images(seed: int, count: int = 2) -> torch.Tensor:
    return torch.randn(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(100 + seed))


def method(name: str, image: str = "", **options: object) -> Method:
    return load(name)(INPUTS, {**QUICK.get(name, {}), **options}).of(image)


def explained(name: str, model: nn.Module, x: torch.Tensor, target: int, image: str = "", **options: object):
    with torch.enable_grad():
        return torch.as_tensor(method(name, image, **options).maps(model, x, target)).double()


@pytest.mark.parametrize("seed", [0, 1])
def test_each_is_captum_called_plainly(seed: int) -> None:
    model, x, target = network(seed), images(seed, 1), seed + 1
    black, mean = BLACK[None], x.mean((2, 3), keepdim=True).expand_as(x)
    width = float(x.max() - x.min())
    expected = {
        "integrated_gradients": IntegratedGradients(model).attribute(x, black, target, n_steps=50).sum(1),
        "occlusion": Occlusion(model).attribute(x, (3, 4, 4), strides=(3, 2, 2), baselines=mean, target=target).mean(1),
    }
    found = {
        "integrated_gradients": explained("integrated_gradients", model, x, target),
        "occlusion": explained("occlusion", model, x, target, window=0.25, stride=0.125),
    }
    own = method("smoothgrad", "a", seed=seed)
    with drawing(own.drawn(seed), torch.device("cpu")):
        noisy = NoiseTunnel(Saliency(model)).attribute(x, nt_samples=9, stdevs=0.3 * width, target=target, abs=False)
    expected["smoothgrad"] = noisy.abs().sum(1) / noisy.abs().sum(1).max()
    found["smoothgrad"] = explained("smoothgrad", model, x, target, "a", seed=seed, stdev=0.3)
    with drawing(own.drawn(seed), torch.device("cpu")):
        blanks = torch.cat([black, mean])
        shap = GradientShap(model).attribute(x, blanks, n_samples=9, stdevs=0.1 * width, target=target)
    expected["expected_gradients"] = shap.sum(1)
    options = {"baselines": ["black", "mean"], "stdev": 0.1, "seed": seed}
    found["expected_gradients"] = explained("expected_gradients", model, x, target, "a", **options)
    for name, values in expected.items():
        torch.testing.assert_close(found[name], values.detach().double(), rtol=1e-4, atol=1e-6, msg=name)
        assert values.abs().max() > 1e-3, name


@pytest.mark.parametrize("seed", [0, 1])
def test_of_a_linear_network_both_integrals_are_weight_times_difference(seed: int) -> None:
    model, x = Linear(seed), images(seed)
    blanks = {"black": BLACK.expand_as(x), "mean": x.mean((2, 3), keepdim=True).expand_as(x)}
    for kind, blank in blanks.items():
        expected = (model.weight[1] * (x - blank)).sum(1).detach().double()
        found = explained("integrated_gradients", model, x, 1, baseline=kind, steps=3)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
        found = explained("expected_gradients", model, x, 1, baselines=[kind])
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("baseline", ["black", "mean", "blur"])
def test_integrated_gradients_sum_to_the_difference_of_the_logits(baseline: str) -> None:
    model, x = network(3), images(3)
    found = explained("integrated_gradients", model, x, 2, baseline=baseline, steps=300)
    own = method("integrated_gradients", baseline=baseline)
    blank = torch.cat([own.blank(each[None], own.settings) for each in x])
    with torch.no_grad():
        expected = (model(x) - model(blank))[:, 2]
    torch.testing.assert_close(found.sum((1, 2)), expected.double(), rtol=2e-2, atol=2e-3)


def test_the_gradient_of_a_linear_network_needs_no_smoothing() -> None:
    model, x = Linear(0), images(0)
    expected = model.weight[2].abs().sum(0).detach()
    found = explained("smoothgrad", model, x, 2)
    torch.testing.assert_close(found, (expected / expected.max()).double().expand(2, -1, -1), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("window", "stride"), [(4, 4), (4, 2), (5, 3), (1, 1)])
def test_occlusion_of_a_linear_network_by_hand(window: int, stride: int) -> None:
    model, x = Linear(1), images(1, 1)
    terms = (model.weight[0] * (x[0] - x[0].mean((1, 2), keepdim=True))).sum(0).detach().double()
    total, count = torch.zeros(SIZE, SIZE).double(), torch.zeros(SIZE, SIZE).double()
    places = range(0, SIZE - window + stride, stride)
    for top in places:
        for left in places:
            rows, columns = slice(top, top + window), slice(left, left + window)
            total[rows, columns] += terms[rows, columns].sum()
            count[rows, columns] += 1
    found = explained("occlusion", model, x, 0, window=window / SIZE, stride=stride / SIZE, batch_size=3)
    torch.testing.assert_close(found[0], total / count, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", EVERY)
def test_neither_the_batch_nor_its_size_changes_a_map(name: str) -> None:
    model, x = network(0), images(0)
    found = explained(name, model, x, 1, batch_size=32)
    assert found.shape == (2, SIZE, SIZE)
    torch.testing.assert_close(explained(name, model, x, 1, batch_size=4), found, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(explained(name, model, x[1:], 1), found[1:], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", EVERY)
def test_draws_are_those_of_the_image_and_the_seed_and_no_others_are_moved(name: str) -> None:
    model, x = network(0), images(0, 1)
    torch.manual_seed(5)
    before, numbers = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    first = explained(name, model, x, 1, "a")
    assert torch.equal(explained(name, model, x, 1, "a"), first)
    seeded = {"seed": 1} if name in DRAWING else {}
    for other in (explained(name, model, x, 1, "b"), explained(name, model, x, 1, "a", **seeded)):
        assert torch.equal(other, first) == (name not in DRAWING)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.random.get_state()[1].tolist() == numbers  # noqa: NPY002


@pytest.mark.parametrize("name", EVERY)
def test_an_image_has_one_map_wherever_it_is_asked_for(name: str) -> None:
    """In a job of explanations, and where a function of the method is asked again, as faithfulness does."""
    opened = Network(network(0), INPUTS, None)
    frames = torch.randint(0, 256, (2, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    subjects = [Subject(image, "k", 1, frame, None) for image, frame in zip("ab", frames, strict=True)]
    family = {"methods": [name], "options": QUICK.get(name, {})}
    both = explain_subjects(opened, subjects, ["j", "k", "l"], family, "cpu")
    (alone,) = explain_subjects(opened, subjects[1:], ["j", "k", "l"], family, "cpu")
    assert np.array_equal(alone.maps[name], both[1].maps[name])
    (general,) = open_group(family, opened, "cpu").explainers()
    again = general.of("b")(INPUTS.normalise(frames[1:]), 1)[name][0]
    np.testing.assert_allclose(again, both[1].maps[name], rtol=1e-4, atol=1e-6)
    if name == "smoothgrad":
        assert both[0].kind(name) == "graded"
        assert both[0].maps[name].max() == 1
        assert both[0].maps[name].min() >= 0
    else:
        assert both[0].kind(name) == "signed"
        assert both[0].maps[name].min() < 0 < both[0].maps[name].max()


def test_a_network_that_sees_nothing_has_empty_maps() -> None:
    class Blind(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 0 * x.mean((2, 3)) + torch.tensor([1.0, 2.0, 3.0])

    for name in EVERY:
        found = explained(name, Blind(), images(0), 1)
        assert float(found.abs().max()) < 1e-12, name


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        (
            "occlusion",
            {"window": 0.1, "stride": 0.2},
            "^method 'occlusion': stride is 0.2 and window 0.1: .* leaves gaps",
        ),
        ("occlusion", {"window": 1.5}, "'window': found 1.5"),
        ("occlusion", {"stride": 0}, "'stride': found 0"),
        ("integrated_gradients", {"steps": 0}, "'steps': found 0"),
        ("integrated_gradients", {"baseline": "white"}, "'baseline': found 'white'.*'black', 'mean' or 'blur'"),
        ("integrated_gradients", {"step": 5}, "option 'step' does not exist .*'steps'"),
        ("smoothgrad", {"stdev": 0}, "'stdev': found 0"),
        ("smoothgrad", {"samples": 0}, "'samples': found 0"),
        ("expected_gradients", {"baselines": []}, "'baselines': found"),
        ("expected_gradients", {"baselines": ["black", "black"]}, "'black' is listed twice"),
        ("expected_gradients", {"stdev": -1}, "'stdev': found -1"),
        ("rise", {"shown": 1}, "'shown': found 1"),
        ("rise", {"cells": 0}, "'cells': found 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name: str, options: dict[str, object], sentence: str) -> None:
    assert re.search(sentence, look({"method": name, "options": options})["error"])


def test_black_needs_to_be_known() -> None:
    with pytest.raises(InputError, match="nothing says which number of the network's input is black"):
        load("integrated_gradients")().maps(network(0), images(0), 1)
