"""Networks as people write them: probabilities at the end, lazy layers, other precisions, chance in eval mode."""

import copy
from collections import namedtuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from lucidag.explain.methods.cam import CamExplainer
from lucidag.ground.errors import InputError
from lucidag.models.build import build
from lucidag.models.fast import accelerate
from lucidag.models.head import linear_head
from lucidag.models.inputs import Inputs
from lucidag.models.logits import gives_logarithms, gives_probabilities, with_logits
from lucidag.models.network import open_network
from lucidag.models.outputs import check_outputs
from lucidag.models.settings import Train
from lucidag.models.train import train
from lucidag.models.weights import load_weights
from tests.cam.networks import cams

CLASSES = 3
INPUT = {"size": 8, "channels": 3, "resize": "stretch", "mean": [0.0] * 3, "std": [1.0] * 3}


class Ending(nn.Module):
    """A network with an attention over its positions, and an end of choice."""

    def __init__(self, end="plain") -> None:
        super().__init__()
        self.conv, self.query, self.fc = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 1, 1), nn.Linear(6, CLASSES)
        self.softmax, self.end = nn.Softmax(dim=1), end

    def forward(self, x):
        maps = functional.relu(self.conv(x))
        weights = self.query(maps).flatten(2).softmax(2)
        z = self.fc((maps.flatten(2) * weights).sum(2))
        return {
            "plain": lambda: z,
            "module": lambda: self.softmax(z),
            "method": lambda: z.softmax(1),
            "function": lambda: functional.softmax(z, dim=-1),
            "torch": lambda: torch.softmax(input=z, dim=1),
            "reshaped": lambda: z.softmax(1).view(-1, CLASSES).contiguous(),
            "shares": lambda: z.exp() / z.exp().sum(1, keepdim=True),
            "exp of log": lambda: functional.log_softmax(z, 1).exp(),
            "log": lambda: functional.log_softmax(z, 1),
            "log module": lambda: nn.LogSoftmax(1)(z),
            "log method": lambda: z.log_softmax(-1).view(-1, CLASSES),
            "log of sums": lambda: z - z.logsumexp(1, keepdim=True),
        }[self.end]()


def pair(end, seed):
    torch.manual_seed(seed)
    plain, other = Ending().eval(), Ending(end).eval()
    other.load_state_dict(plain.state_dict())
    return plain, other


GIVES = {
    **dict.fromkeys(["module", "method", "function", "torch", "reshaped"], ("probabilities", "softmax")),
    **dict.fromkeys(["log", "log module", "log method"], ("logarithms of probabilities", "log-softmax")),
}


@pytest.mark.parametrize("end", GIVES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_softmax_at_the_end_is_left_out(end, seed):
    plain, other = pair(end, seed)
    x = torch.rand(2, 3, 8, 8)
    what, step = GIVES[end]
    assert gives_probabilities(other(x)) == (what == "probabilities")
    assert gives_logarithms(other(x)) == (what != "probabilities")
    names = list(other.state_dict())
    said = with_logits(other, x)
    assert said == f"network 'Ending' gives {what}: the input of its last {step} is taken for logits"
    assert torch.equal(other(x), plain(x))
    assert list(other.state_dict()) == names
    assert linear_head(other, x) == "fc"
    assert torch.equal(copy.deepcopy(other)(x), plain(x))
    assert torch.allclose(accelerate(other, x)(x), plain(x), atol=1e-6)
    methods = ["gradcam", "ablationcam", "scorecam"]
    maps = [CamExplainer(model, x[:1], "conv", 4).explain(x[:1], cams(methods), 1).maps for model in (plain, other)]
    for method in methods:
        assert np.abs(maps[0][method] - maps[1][method]).max() < 1e-5
    assert with_logits(other, x) is None


@pytest.mark.parametrize("end", ["shares", "exp of log"])
def test_other_probabilities_go_through_the_logarithm(end):
    plain, other = pair(end, 0)
    x = torch.rand(4, 3, 8, 8)
    assert "its logarithm is taken" in with_logits(other, x)
    assert torch.allclose(other(x), plain(x).log_softmax(1), atol=1e-5)
    assert torch.allclose(other(x).softmax(1), plain(x).softmax(1), atol=1e-6)
    copied = copy.deepcopy(other)
    assert torch.equal(copied(x), other(x))


@pytest.mark.parametrize("end", ["plain", "log of sums"])
def test_logits_stay_as_they_are(end):
    _, other = pair(end, 0)
    assert with_logits(other, torch.rand(2, 3, 8, 8)) is None
    assert type(other) is Ending


def made(num_classes, end="plain"):
    return Ending(end)


def test_an_opened_network_says_so():
    settings = {"architecture": "tests.models.test_logits:made", "options": {"end": "method"}, "input": INPUT}
    network = open_network({**settings, "head": None}, CLASSES, needs_head=True)
    assert network.head == "fc"
    assert network.notes == ("network 'Ending' gives probabilities: the input of its last softmax is taken for logits",)
    logarithms = open_network({**settings, "options": {"end": "log"}, "head": None}, CLASSES, needs_head=True)
    assert logarithms.head == "fc"
    assert "log-softmax" in logarithms.notes[0]
    assert open_network({**settings, "options": {}, "head": None}, CLASSES).notes == ()


class Chance(nn.Module):
    def __init__(self, kind) -> None:
        super().__init__()
        self.fc, self.kind = nn.Linear(3 * 64, CLASSES), kind
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        x = x.flatten(1)
        return {
            "dropout": lambda: self.fc(functional.dropout(x, 0.3)),
            "noise": lambda: self.fc(x + 0.1 * torch.randn_like(x)),
            "always training": lambda: self.fc(functional.dropout(x, 0.3, training=True)),
            "module": lambda: self.fc(self.drop(x)),
            "told": lambda: self.fc(functional.dropout(x, 0.3, training=self.training)),
        }[self.kind]()


@pytest.mark.parametrize("kind", ["dropout", "noise", "always training"])
def test_chance_in_eval_mode_is_reported(kind):
    with pytest.raises(InputError, match=r"'Chance' gives other outputs when it sees the same image again"):
        check_outputs(Chance(kind), torch.rand(2, 3, 8, 8), CLASSES)


@pytest.mark.parametrize("kind", ["module", "told"])
def test_dropout_that_is_off_in_eval_mode_is_none(kind):
    check_outputs(Chance(kind), torch.rand(2, 3, 8, 8), CLASSES)


def lazy(num_classes, kind="linear"):
    first = nn.LazyConv2d(4, 3) if kind == "convolution" else nn.Conv2d(3, 4, 3)
    return nn.Sequential(first, nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(num_classes))


@pytest.mark.parametrize("kind", ["linear", "convolution"])
def test_lazy_layers_get_their_weights_from_the_seed(kind, tmp_path):
    settings = {"architecture": "tests.models.test_logits:lazy", "options": {"kind": kind}, "input": INPUT}
    settings["head"] = None
    before = torch.random.get_rng_state()
    one, same, other = (open_network(settings, CLASSES, seed).model for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert one[4].weight.shape == (CLASSES, 4 * 36)
    assert torch.equal(one[4].weight, same[4].weight)
    assert not torch.equal(one[4].weight, other[4].weight)
    torch.save(other.state_dict(), tmp_path / "other.pth")
    load_weights(one, str(tmp_path / "other.pth"))
    x = torch.rand(2, 3, 8, 8)
    assert torch.equal(one.eval()(x), other.eval()(x))


def precise(num_classes, kind="float16"):
    return nn.Sequential(nn.Flatten(), nn.Linear(192, num_classes)).to(getattr(torch, kind))


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_a_factory_may_choose_any_precision(kind):
    settings = {"architecture": "tests.models.test_logits:precise", "options": {"kind": kind}, "input": INPUT}
    model = open_network({**settings, "head": None}, CLASSES).model
    assert {each.dtype for each in model.parameters()} == {torch.float32}


def test_weights_of_a_mnasnet_are_loaded(tmp_path):
    model, other = (build("mnasnet0_5", CLASSES, {}, seed) for seed in (0, 1))
    torch.save(other.state_dict(), tmp_path / "mnasnet.pth")
    load_weights(model, str(tmp_path / "mnasnet.pth"), "classifier.1")
    assert all(torch.equal(each, other.state_dict()[name]) for name, each in model.state_dict().items())


Outputs = namedtuple("Outputs", ["logits", "aux"])


class Auxiliary(nn.Module):
    """A head that only training has, as GoogLeNet's."""

    def __init__(self, aux: bool) -> None:
        super().__init__()
        self.body, self.fc = nn.Sequential(nn.Flatten(), nn.Linear(192, 4)), nn.Linear(4, CLASSES)
        self.aux = nn.Linear(4, CLASSES) if aux else None

    def forward(self, x):
        x = self.body(x)
        return Outputs(self.fc(x), self.aux(x)) if self.training and self.aux is not None else self.fc(x)


def test_auxiliary_heads_take_no_part_in_training(make_dataset):
    manifest = make_dataset({"train": [4, 4, 4], "test": [2, 2, 2]}, channels=3)
    inputs = Inputs(**INPUT)
    torch.manual_seed(0)
    plain, model = Auxiliary(aux=False), Auxiliary(aux=True)
    model.load_state_dict(plain.state_dict(), strict=False)
    histories = [train(each, manifest, inputs, Train(epochs=2, batch_size=4)) for each in (plain, model)]
    assert histories[0] == histories[1]
