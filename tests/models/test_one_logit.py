"""A network with one logit for two classes says the same as the same function with two logits."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from lucidag.explain.faithfulness.measure import Image, measure
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.covered import check_covered
from lucidag.explain.relevance.lrp import lrp
from lucidag.ground.errors import InputError
from lucidag.library import explain_image
from lucidag.models.extract import extract
from lucidag.models.network import Network, checkpoint_metadata, open_network
from lucidag.models.one_logit import with_two_logits
from lucidag.models.probe import look
from lucidag.models.settings import Train
from lucidag.models.train import train
from lucidag.models.trained import open_trained
from lucidag.models.weights import check_weight_file, load_weights, save_checkpoint
from lucidag.rof.rank import rank
from lucidag.rof.sweep import sweep
from tests.faithfulness.cases import blob, fixed

SIZE = 12
INPUT = {"size": SIZE, "channels": 3, "resize": "stretch", "mean": [0.4], "std": [0.3]}
MODULES = {"linear": (), "sigmoid": (nn.Sigmoid(),), "flat": (nn.Flatten(0),), "both": (nn.Sigmoid(), nn.Flatten(0))}
FUNCTIONS = {
    "squeezed": lambda z: z.squeeze(1),
    "all squeezed": lambda z: z.squeeze(),
    "first": lambda z: z[:, 0],
    "sigmoid function": lambda z: torch.sigmoid(z).view(-1),
    "sigmoid method": lambda z: z.squeeze(-1).sigmoid(),
    "limited": lambda z: functional.sigmoid(z).clamp(1e-6, 1 - 1e-6)[:, 0],
}


def body():
    return [nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]


CONVOLUTIONS = {
    "convolution": lambda: [*body()[:3], nn.Conv2d(6, 1, 1)],
    "averaged": lambda: [*body()[:2], nn.Conv2d(6, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()],
    "averaged sigmoid": lambda: [*body()[:2], nn.Conv2d(6, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(0), nn.Sigmoid()],
}


class Functional(nn.Module):
    """A network whose end is a function."""

    def __init__(self, num_classes: int, end: str) -> None:
        super().__init__()
        self.body, self.fc, self.end = nn.Sequential(*body()), nn.Linear(6, 1), end

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return FUNCTIONS[self.end](self.fc(self.body(x)))


def made(num_classes: int, end: str) -> nn.Module:
    """Make a network that gives one logit, whatever it is asked for."""
    if end in FUNCTIONS:
        return Functional(num_classes, end)
    if end in CONVOLUTIONS:
        return nn.Sequential(*CONVOLUTIONS[end]())
    return nn.Sequential(*body(), nn.Linear(6, 1), *MODULES[end])


def settings(end: str) -> dict:
    return {"architecture": "tests.models.test_one_logit:made", "options": {"end": end}, "input": INPUT, "head": None}


def twin(model: nn.Module) -> nn.Module:
    """Write the function of a network with one logit with two."""
    weight, bias = [each.detach() for each in model.parameters()][-2:]
    two = nn.Sequential(*body(), nn.Linear(6, 2))
    with torch.no_grad():
        for mine, given in zip(list(two.parameters())[:2], list(model.parameters())[:2], strict=True):
            mine.copy_(given)
        two[4].weight.copy_(torch.cat([-weight.view(1, 6) / 2, weight.view(1, 6) / 2]))
        two[4].bias.copy_(torch.cat([-bias / 2, bias / 2]))
    return two.eval()


def opened(end: str, seed: int, tmp_path) -> tuple[Network, Network, torch.Tensor]:
    """Open a network with weights from a file; give the same function with two logits too, and the logits z."""
    torch.manual_seed(seed)
    given = made(2, end).eval()
    torch.save(given.state_dict(), tmp_path / "w.pth")
    network = open_network(settings(end), 2)
    check_weight_file(network.model, str(tmp_path / "w.pth"), network.head, new_head=False, part=None)
    load_weights(network.model, str(tmp_path / "w.pth"), network.head)
    with torch.no_grad():
        z = given(network.inputs.example(5)).flatten()
    z = z.logit() if ("sigmoid" in end or end in ("both", "limited")) else z
    return network, Network(twin(given), network.inputs, "4"), z


ENDS = [*MODULES, *FUNCTIONS]


@pytest.mark.parametrize("end", [*ENDS, *CONVOLUTIONS])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_softmax_is_the_sigmoid(end, seed, tmp_path):
    network, two, z = opened(end, seed, tmp_path)
    x = network.inputs.example(5)
    model = network.model.eval()
    torch.testing.assert_close(model(x), torch.stack([-z / 2, z / 2], 1), atol=1e-5, rtol=0)
    torch.testing.assert_close(model(x).softmax(1)[:, 1], z.sigmoid(), atol=1e-6, rtol=0)
    torch.testing.assert_close(model(x), two.model(x), atol=1e-5, rtol=0)
    assert model(x[:1]).shape == (1, 2)
    assert torch.equal(copy.deepcopy(model)(x), model(x))
    (note,) = network.notes
    assert note.endswith("z, for two classes: it is taken for the logits (-z/2, z/2)")
    assert ("what its last sigmoid takes" in note) == ("sigmoid" in end or end in ("both", "limited"))
    heads = dict.fromkeys(FUNCTIONS, "fc") | {"convolution": "3"} | dict.fromkeys(("averaged", "averaged sigmoid"), "2")
    assert network.head == heads.get(end, "4")
    assert network.tail is None or network.tail.linear


@pytest.mark.parametrize("end", ["linear", "sigmoid", "squeezed", "sigmoid function"])
def test_explanations_and_their_faithfulness_are_those_of_two_logits(end, tmp_path):
    one, two, _ = opened(end, 0, tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    layers = {"cam": {"layer": "body.1" if end in FUNCTIONS else "1", "batch_size": 4}}
    for target in (0, 1):
        for method in ("gradcam", "lime"):
            options = layers if method == "gradcam" else {"lime": {"batch_size": 8}}
            first = explain_image(one, image, [method], target, options, threads=1)[method]
            layered = {"cam": {"layer": "1", "batch_size": 4}} if method == "gradcam" else options
            second = explain_image(two, image, [method], target, layered, threads=1)[method]
            assert np.abs(first - second).max() <= 1e-5 * max(1, np.abs(second).max())
    how = FaithfulnessSettings(metrics=("deletion", "insertion"), steps=4)
    frame = one.inputs.example(1)[0]
    found = [
        measure(each.model.eval(), [Image("p", frame, 1)], lambda _: [fixed(blob(0, SIZE))], (1.0,), how).rows
        for each in (one, two)
    ]
    for mine, other in zip(*found, strict=True):
        assert mine.value == pytest.approx(other.value, abs=1e-5)


@pytest.mark.parametrize("end", [*MODULES, "sigmoid function"])
@pytest.mark.parametrize("name", ["epsilon_plus_flat", "epsilon_alpha2_beta1"])
def test_relevance_is_that_of_two_logits(end, name, tmp_path):
    networks = opened(end, 0, tmp_path)[:2]
    x = networks[0].inputs.example(3)
    low, high = torch.full((1, 3, 1, 1), -9.0), torch.full((1, 3, 1, 1), 9.0)
    check_covered(networks[0].model, x)
    one, two = (lrp(each.model, x, [1, 0, 1], composite_for(name, each.model, x, low, high)) for each in networks)
    assert np.abs(one.maps - two.maps).max() <= 1e-5 * np.abs(two.maps).max()
    assert np.allclose(one.logits, two.logits, atol=1e-6)


@pytest.mark.parametrize("end", [*ENDS, *CONVOLUTIONS])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_sweep_is_that_of_two_logits(end, seed, tmp_path, make_dataset):
    one, two, _ = opened(end, seed, tmp_path)
    manifest = make_dataset({"test": [9, 8]}, channels=3, size=SIZE, seed=seed)
    curves = []
    for network in (one, two):
        found = extract(
            network.model, manifest, "test", network.inputs, [], 4, threads=1, head=network.head, tail=network.tail
        )
        order = rank(found.features, found.weight)
        curves.append(sweep(found.features, found.labels, found.weight, found.bias, order))
    assert np.array_equal(curves[0].accuracy, curves[1].accuracy)
    assert np.allclose(curves[0].loss, curves[1].loss, atol=1e-6)
    assert curves[0].units == 6


@pytest.mark.parametrize("end", ["linear", "sigmoid", "squeezed", *CONVOLUTIONS])
def test_a_checkpoint_is_read_again_and_is_a_source_of_weights(end, tmp_path):
    network, _, _ = opened(end, 0, tmp_path)
    about, file = settings(end), tmp_path / "checkpoint.safetensors"
    save_checkpoint(file, network.model, checkpoint_metadata(about, ["no", "yes"]))
    again, classes = open_trained(about, str(file))
    other = open_network(about, 2, seed=3)
    load_weights(other.model, str(file), other.head)
    assert (classes, again.head, again.notes) == (["no", "yes"], network.head, network.notes)
    x = network.inputs.example(3)
    assert torch.equal(again.model.eval()(x), network.model.eval()(x))
    assert torch.equal(other.model.eval()(x), network.model(x))


@pytest.mark.parametrize("prefix", ["", "module.", "net.backbone."])
def test_a_file_with_one_logit_fits_an_architecture_of_two_classes(prefix, tmp_path):
    def make(num_classes):
        return nn.Sequential(*body(), nn.Linear(6, num_classes)).eval()

    torch.manual_seed(0)
    one, two = make(1), make(2)
    torch.save({prefix + name: value for name, value in one.state_dict().items()}, tmp_path / "w.pth")
    said = load_weights(two, str(tmp_path / "w.pth"), "4")
    assert said[-1].endswith("layer '4' gives one logit, z, for two classes: it is taken for (-z/2, z/2)")
    x = torch.rand(3, 3, SIZE, SIZE)
    torch.testing.assert_close(two(x).softmax(1)[:, 1], one(x)[:, 0].sigmoid(), atol=1e-6, rtol=0)
    with pytest.raises(
        InputError, match=r"is for 1 class, and the data set has 3: one logit says yes or no: it serves"
    ):
        load_weights(make(3), str(tmp_path / "w.pth"), "4")
    fresh = make(2)
    before = fresh[4].weight.clone()
    load_weights(fresh, str(tmp_path / "w.pth"), "4", new_head=True)
    assert torch.equal(fresh[4].weight, before)


@pytest.mark.parametrize("end", ["linear", "squeezed", "sigmoid", "convolution"])
@pytest.mark.parametrize("classes", [3, 10])
def test_one_logit_serves_no_more_than_two_classes(end, classes):
    with pytest.raises(InputError, match=r"one logit|must give N x classes logits"):
        open_network(settings(end), classes)


@pytest.mark.parametrize("end", ["linear", "sigmoid", "squeezed"])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_dry_run_knows(end, known, classes):
    """Where the data set does not tell its classes before it is read, a network with one logit passes."""
    asked = {**settings(end), "classes": classes, "known": known, "published": None, "file": None}
    found = look({**asked, "part": None, "new_head": False})
    assert ("error" in found) == (known and classes == 3)
    assert found.get("head", "4") == ("fc" if end in FUNCTIONS and "error" not in found else "4")


@pytest.mark.parametrize("end", ["linear", "sigmoid", "squeezed"])
def test_training_is_that_of_binary_cross_entropy(end, make_dataset):
    """Both rows stay each other's opposite, so what is learnt is one logit."""
    manifest = make_dataset({"train": [6, 6], "test": [2, 2]}, channels=3, size=SIZE)
    network = open_network(settings(end), 2, seed=1)
    layer = network.model.get_submodule(network.head)
    before = layer.weight.detach().clone()
    for optimizer in ("sgd", "adamw"):
        train(network.model, manifest, network.inputs, Train(epochs=2, batch_size=4, optimizer=optimizer, lr=0.01))
        assert not torch.equal(layer.weight, before)
        torch.testing.assert_close(layer.weight[0], -layer.weight[1], atol=1e-6, rtol=1e-4)
        torch.testing.assert_close(layer.bias[0], -layer.bias[1], atol=1e-6, rtol=1e-4)


def gated(num_classes: int, end: str) -> nn.Module:
    """Make a network with one logit behind a function, or from a sum over channels."""
    last = {"relu": nn.ReLU(), "summed": nn.Identity()}[end]
    kind = nn.Sequential(*body()[:2], nn.Conv2d(6, 1, 1), last)

    class Ending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kind = kind

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            maps = self.kind(x)
            return maps.mean((2, 3)) if end == "relu" else maps.sum((1, 2, 3))

    return Ending()


@pytest.mark.parametrize("end", ["relu", "summed"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_layer_keeps_one_output_where_two_would_not_do(end, seed):
    about = {**settings(end), "architecture": "tests.models.test_one_logit:gated"}
    network = open_network(about, 2, seed)
    plain = gated(2, end)
    plain.load_state_dict(network.model.state_dict())
    x = network.inputs.example(4)
    z = plain.eval()(x).flatten()
    torch.testing.assert_close(network.model.eval()(x), torch.stack([-z / 2, z / 2], 1))
    assert network.head is None


def test_steps_before_the_end_may_have_the_names_of_those_at_it(tmp_path):
    """A sigmoid of weights alone, and a gate, are none of the steps that are left out."""

    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale, self.body, self.fc = nn.Parameter(torch.randn(6)), nn.Sequential(*body()), nn.Linear(6, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.body(x) * torch.sigmoid(self.scale).squeeze()
            return (self.fc(x * torch.sigmoid(x))).sigmoid().squeeze(1)

    torch.manual_seed(0)
    model = Gated().eval()
    plain = copy.deepcopy(model)
    x = torch.rand(4, 3, SIZE, SIZE)
    with_two_logits(model, x)
    torch.testing.assert_close(model(x).softmax(1)[:, 1], plain(x))
    torch.testing.assert_close(model(x)[:, 1] * 2, plain(x).logit(), atol=1e-5, rtol=0)
