"""Networks whose last layer is a 1 x 1 convolution: which have penultimate units, and what these are."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision.ops import Conv2dNormActivation

from lucidag.ground.errors import InputError
from lucidag.models.build import build
from lucidag.models.evaluate import evaluate, exact_logits
from lucidag.models.extract import extract
from lucidag.models.inputs import Inputs
from lucidag.models.network import open_network
from lucidag.models.probe import look
from lucidag.models.settings import Train
from lucidag.models.tail import find_last_layer, find_tail, last_layer
from lucidag.models.train import train
from lucidag.models.weights import load_weights
from lucidag.rof.rank import rank
from lucidag.rof.sweep import sweep

CLASSES, UNITS, SIZE = 3, 5, 12
INPUT = {"size": SIZE, "channels": 3, "resize": "stretch", "mean": [0.4], "std": [0.3]}


class Ending(nn.Module):
    """A network with a convolution that classifies, and an end of choice."""

    def __init__(self, end: str, num_classes: int = CLASSES, **last: object) -> None:
        super().__init__()
        self.first, self.end = nn.Conv2d(3, UNITS, 3), end
        self.last = nn.Conv2d(UNITS, num_classes, **{"kernel_size": 1, **last})
        self.drop, self.pool = nn.Dropout(), nn.AdaptiveAvgPool2d(1)
        self.norm, self.act = nn.BatchNorm2d(num_classes), nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = functional.relu(self.first(x))
        return {
            "mean": lambda: self.last(maps).mean([2, 3]),
            "means": lambda: self.last(maps).mean(-1).mean(-1),
            "sum": lambda: self.last(maps).sum((2, 3)),
            "adaptive": lambda: torch.flatten(self.pool(self.last(self.drop(maps))), 1),
            "adaptive function": lambda: functional.adaptive_avg_pool2d(self.last(maps), 1)[:, :, 0, 0],
            "fixed": lambda: functional.avg_pool2d(self.last(maps), 10).view(len(x), -1),
            "strips": lambda: functional.avg_pool2d(self.last(maps), (5, 2)).flatten(2).mean(2),
            "after dropout": lambda: self.drop(self.last(maps)).flatten(2).mean(2),
            "on pooled": lambda: self.last(self.pool(maps)).flatten(1),
            "weighed": lambda: (self.last(maps) * torch.linspace(0, 1, 10)).mean((2, 3)),
            "relu": lambda: functional.relu(self.last(maps)).mean([2, 3]),
            "module": lambda: self.pool(self.act(self.last(maps))).flatten(1),
            "leaky": lambda: functional.leaky_relu(self.last(maps), 0.2).mean([2, 3]),
            "gelu": lambda: functional.gelu(self.last(maps)).mean([2, 3]),
            "tanh": lambda: self.last(maps).relu().tanh().mean([2, 3]),
            "relu on pooled": lambda: self.last(self.pool(maps)).flatten(1).relu(),
            "greatest": lambda: self.last(maps).amax((2, 3)),
            "relu last": lambda: self.last(maps).mean([2, 3]).relu(),
            "normalised": lambda: self.norm(self.last(maps)).mean([2, 3]),
            "between classes": lambda: self.last(maps).softmax(1).log().mean([2, 3]),
            "two paths": lambda: self.last(maps).mean([2, 3]) + maps.mean([1, 2, 3])[:, None],
            "squared": lambda: (self.last(maps) ** 2).mean([2, 3]),
        }[self.end]()


LINEAR = ["mean", "means", "sum", "adaptive", "adaptive function", "fixed", "strips", "after dropout", "on pooled"]
LINEAR += ["weighed"]
BENT = ["relu", "module", "leaky", "gelu", "tanh", "relu on pooled"]
NONE = ["greatest", "relu last", "between classes", "two paths", "squared", "normalised"]
LAST = [{}, {"bias": False}, {"stride": 2}, {"padding": 1}, {"stride": (2, 1), "padding": (0, 2)}]


def made(end: str, seed: int = 0, **last: object) -> nn.Module:
    torch.manual_seed(seed)
    return Ending(end, **last).eval()


def extracted(model: nn.Module, manifest, size: int = SIZE):
    inputs = Inputs(**{**INPUT, "size": size})
    head, tail = find_last_layer(model, inputs.example())
    return extract(model, manifest, "test", inputs, [], 4, threads=1, head=head, tail=tail), tail


@pytest.mark.parametrize("end", LINEAR)
@pytest.mark.parametrize("seed", [0, 1])
def test_units_are_the_pooled_maps_where_nothing_but_pooling_follows(end, seed, make_dataset):
    model = made(end, seed)
    found, tail = extracted(model, make_dataset({"test": [4, 4, 3]}, channels=3, size=SIZE, seed=seed))
    assert tail.linear
    assert (found.layer, found.exact, found.features.shape) == ("last", None, (11, UNITS))
    assert np.array_equal(found.weight, model.last.weight.detach().flatten(1).numpy())
    again = found.features.astype(np.float64) @ found.weight.T.astype(np.float64) + found.bias
    assert np.abs(again - found.logits).max() < 1e-5
    assert evaluate(found)["head_agreement"]["max_abs_difference"] < 1e-5


@pytest.mark.parametrize("last", LAST)
@pytest.mark.parametrize("end", ["mean", "relu"])
def test_what_the_convolution_does_at_the_border_is_seen(last, end, make_dataset):
    model = made(end, 1, **last)
    found, tail = extracted(model, make_dataset({"test": [4, 4, 3]}, channels=3, size=SIZE))
    assert tail.linear == (end == "mean")
    assert np.abs(exact_logits(found) - found.logits).max() < 1e-5


@pytest.mark.parametrize("seed", [0, 1])
def test_the_sweep_is_that_of_masked_passes(seed, make_dataset):
    model, manifest = made("adaptive", seed), make_dataset({"test": [4, 4, 3]}, channels=3, size=SIZE, seed=seed)
    found, _ = extracted(model, manifest)
    order = rank(found.features, found.weight)
    swept = sweep(found.features, found.labels, found.weight, found.bias, order)
    for k in range(UNITS + 1):
        with torch.no_grad():
            masked = made("adaptive", seed)
            masked.last.weight[:, order[k:]] = 0
        logits = torch.from_numpy(extracted(masked, manifest)[0].logits)
        loss = functional.cross_entropy(logits, torch.from_numpy(found.labels)).item()
        assert swept.loss[k] == pytest.approx(loss, abs=1e-5)


@pytest.mark.parametrize("end", BENT)
@pytest.mark.parametrize("seed", [0, 1])
def test_logits_behind_a_function_are_exact_and_no_linear_layers(end, seed, make_dataset):
    model = made(end, seed)
    found, tail = extracted(model, make_dataset({"test": [4, 4, 3]}, channels=3, size=SIZE, seed=seed))
    assert not tail.linear
    assert found.exact.dtype == np.float64
    assert np.abs(found.exact - found.logits).max() < 1e-5
    report = evaluate(found)
    assert report["head_agreement"]["same_decision_share"] == 1
    assert report["head_agreement"]["max_abs_difference"] < 1e-5
    assert found.features.shape == (11, UNITS)


@pytest.mark.parametrize("end", NONE)
def test_other_ends_have_no_penultimate_units(end):
    example = torch.rand(2, 3, SIZE, SIZE)
    assert last_layer(made(end), example) == (None, None)
    with pytest.raises(InputError, match=r"'Ending' ends neither in a linear layer nor in a 1 x 1 conv.*switch off"):
        find_last_layer(made(end), example)


@pytest.mark.parametrize("last", [{"kernel_size": 3}, {"kernel_size": 1, "padding": 1, "padding_mode": "reflect"}])
def test_other_convolutions_have_no_penultimate_units(last):
    assert find_tail(made("mean", **last), torch.rand(2, 3, SIZE, SIZE)) is None


def test_a_grouped_convolution_has_no_penultimate_units():
    model = nn.Sequential(nn.Conv2d(3, 6, 3), nn.Conv2d(6, 3, 1, groups=3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert find_tail(model, torch.rand(2, 3, SIZE, SIZE)) is None


@pytest.mark.parametrize("kind", [nn.Linear, nn.Conv2d])
def test_maps_of_one_pixel(kind):
    """A linear layer on flattened maps, and a convolution before these are flattened, are one and the same."""
    body = [nn.Conv2d(3, UNITS, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1)]
    last = [nn.Flatten(), nn.Linear(UNITS, 3)] if kind is nn.Linear else [nn.Conv2d(UNITS, 3, 1), nn.Flatten()]
    name, tail = last_layer(nn.Sequential(*body, *last), torch.rand(2, 3, SIZE, SIZE))
    assert (name, tail is None or tail.linear) == ("4" if kind is nn.Linear else "3", True)


@pytest.mark.parametrize("name", ["squeezenet1_0", "squeezenet1_1"])
@pytest.mark.parametrize("seed", [0, 1])
def test_squeezenet(name, seed, make_dataset):
    model = build(name, 3, {}, seed)
    found, tail = extracted(model, make_dataset({"test": [3, 2, 2]}, channels=3, size=32, seed=seed), 32)
    assert not tail.linear
    assert (found.layer, found.features.shape) == ("classifier.1", (7, 512))
    assert np.abs(found.exact - found.logits).max() < 1e-5 * max(1, np.abs(found.logits).max())


def test_an_opened_network_says_what_its_last_layer_is():
    settings = {"architecture": "squeezenet1_1", "options": {}, "input": {**INPUT, "size": 32}, "head": None}
    network = open_network(settings, 3, needs_head=True)
    assert network.head == network.tail.layer == "classifier.1"
    with pytest.raises(InputError, match=r"'classifier\.0' does not give the network's output; 'classifier\.1' does"):
        open_network({**settings, "head": "classifier.0"}, 3)


@pytest.mark.parametrize(("end", "linear"), [("mean", True), ("relu", False), ("greatest", True)])
def test_the_dry_run_knows(end, linear):
    asked = {"architecture": "tests.models.test_tail:given", "options": {"end": end}, "input": INPUT, "known": True}
    asked |= {"classes": CLASSES, "published": None, "file": None, "part": None, "new_head": False}
    found = look(asked)
    assert (found["head"], found["linear"]) == (None if end == "greatest" else "last", linear)


def given(num_classes: int, end: str) -> nn.Module:
    """Make a network as a factory does."""
    return Ending(end, num_classes)


def test_a_new_last_layer_and_training_of_it_alone(tmp_path, make_dataset):
    torch.save(made("relu").state_dict(), tmp_path / "w.pth")
    model = made("relu", 1)
    before = model.last.weight.detach().clone()
    load_weights(model, str(tmp_path / "w.pth"), "last", new_head=True)
    assert torch.equal(model.last.weight, before)
    first = model.first.weight.detach().clone()
    manifest = make_dataset({"train": [4, 4, 4]}, channels=3, size=SIZE)
    train(model, manifest, Inputs(**INPUT), Train(epochs=1, batch_size=4, lr=0.1, trainable="head"))
    assert torch.equal(model.first.weight, first)
    assert not torch.equal(model.last.weight, before)


def test_no_mode_and_no_hook_stays_behind():
    model = nn.Sequential(Conv2dNormActivation(3, UNITS), nn.Dropout(), nn.Conv2d(UNITS, 3, 1), nn.AdaptiveAvgPool2d(1))
    model = nn.Sequential(model, nn.Flatten()).train()
    assert find_tail(model, torch.rand(2, 3, SIZE, SIZE)).layer == "0.2"
    assert all(module.training and not module._forward_hooks for module in model.modules())
