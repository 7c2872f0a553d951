from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn
from torch.nn.utils import parametrizations
from torchvision.models import SwinTransformer, VisionTransformer

from lucidag.explain.faithfulness.measure import Image, measure
from lucidag.explain.faithfulness.randomisation import cascade, correlation, layers, randomisation, untrained
from lucidag.explain.faithfulness.settings import FaithfulnessSettings
from lucidag.ground.errors import InputError
from tests.faithfulness.cases import SIZE, Linear, blob, fixed, gradient, image, network


class Backwards(nn.Module):
    """Its layers are defined in another order than they are used in; one has parameters but no way to reset them."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(4, 2)
        self.scale = Scale()
        self.first = nn.Linear(3, 4)

    def forward(self, x):
        return self.last(self.scale(self.first(x)))


class Scale(nn.Module):
    def __init__(self, size=4):
        super().__init__()
        self.by = nn.Parameter(torch.full((size,), 3.0))

    def forward(self, x):
        return x * self.by


def changed(model, other):
    mine, theirs = model.state_dict(), other.state_dict()
    return {name.rsplit(".", 1)[0] for name in mine if not torch.equal(mine[name], theirs[name])}


@pytest.mark.parametrize("seed", range(3))
def test_from_the_last_layer_to_the_first(seed):
    model, before = network(seed), network(seed)
    x = image(seed)[None]
    names = layers(model, x)
    assert names[0] == "blocks.block1.conv"
    assert names[-1] == "fc"
    with torch.no_grad():
        for norm in (each for each in model.modules() if isinstance(each, nn.BatchNorm2d)):
            norm.weight.fill_(1.5)
    stages = list(cascade(model, x, 5, seed))
    assert [stage.layer for stage in stages] == names[::-1]
    tensors = [len(list(model.get_submodule(name).parameters())) for name in names[::-1]]
    assert [stage.share for stage in stages] == pytest.approx(np.cumsum(tensors) / sum(tensors))
    for count, stage in enumerate(stages, start=1):
        assert changed(model, stage.model) == set(names[-count:])
    for one, other in pairwise(stages):
        assert changed(one.model, other.model) == {other.layer}
    assert not changed(model, before) - {"blocks.block1.norm", "blocks.block2.norm"}


def test_the_same_seed_gives_the_same_networks_and_leaves_torch_alone():
    model, x = network(0), image(0)[None]
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    one, other, third = (list(cascade(model, x, 3, seed)) for seed in (4, 4, 5))
    assert torch.equal(torch.rand(3), expected)
    for a, b in zip(one, other, strict=True):
        assert not changed(a.model, b.model)
    assert changed(one[-1].model, third[-1].model)


def test_the_order_is_that_of_use_and_bare_parameters_are_drawn_too():
    model, x = Backwards().eval(), torch.randn(2, 3)
    assert layers(model, x) == ["first", "scale", "last"]
    (first, second) = cascade(model, x, 2, 0)
    assert changed(model, first.model) == {"last"}
    assert changed(model, second.model) == {"last", "scale", "first"}
    assert not torch.allclose(second.model.scale.by, model.scale.by)
    (many,) = cascade(Scale(4000), torch.randn(1, 4000), 1, 0)
    assert many.model.by.mean().abs().item() < 4 * 3 / 4000**0.5  # as large as before, around 0
    assert many.model.by.std().item() == pytest.approx(3, rel=0.05)
    with pytest.raises(InputError, match="no layer with parameters"):
        layers(nn.Flatten(), x)


class Attending(nn.Module):
    """Uses the tensors of a module without calling it, as the attention of a Swin does."""

    def __init__(self):
        super().__init__()
        self.first, self.qkv, self.last = nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2)
        self.scale = nn.Parameter(torch.rand(4))

    def forward(self, x):
        return self.last(nn.functional.linear(self.first(x), self.qkv.weight) * self.scale)


def swin():
    return SwinTransformer([4, 4], 8, [1, 1], [2, 2], [2, 2], num_classes=3)


def normed(wrap, **options):
    return nn.Sequential(wrap(nn.Conv2d(3, 4, 3), **options), nn.Flatten(), wrap(nn.Linear(4 * 36, 2), **options))


NETWORKS = {
    "attending": (Attending, (3,)),
    "swin": (swin, (3, 32, 32)),
    "vit": (lambda: VisionTransformer(16, 8, 2, 2, 8, 16, num_classes=3), (3, 16, 16)),
    "weight norm": (lambda: normed(parametrizations.weight_norm), (3, 8, 8)),
    "weight norm of old": (lambda: normed(nn.utils.weight_norm), (3, 8, 8)),
    "weight norm with one scale": (lambda: normed(nn.utils.weight_norm, dim=None), (3, 8, 8)),
    "spectral norm": (lambda: normed(parametrizations.spectral_norm), (3, 8, 8)),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated")
@pytest.mark.parametrize("name", NETWORKS)
def test_every_tensor_is_forgotten(name):
    torch.manual_seed(1)
    make, shape = NETWORKS[name]
    model, x = make().eval(), torch.rand(1, *shape)
    with torch.no_grad():
        for each in model.parameters():
            each += 0.1 * torch.rand_like(each)  # what it learned
    *_, last = cascade(model, x, 3, 0)
    assert last.share == 1
    same = [name for name, each in model.named_parameters() if torch.equal(each, last.model.get_parameter(name))]
    assert not same
    assert all(bool(torch.isfinite(each).all()) for each in last.model.parameters())
    assert not torch.allclose(model(x), last.model(x))


def test_layers_of_one_shape_are_drawn_apart():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)).eval()
    *_, last = cascade(model, torch.randn(1, 4), 2, 0)
    first, second, third = (layer.weight for layer in last.model)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


def values_of(model, explainers, seed=0, stages=4):
    settings = FaithfulnessSettings(metrics=("randomisation",), randomisation_steps=stages, seed=seed)
    found = measure(model, [Image("p", image(seed), 1)], explainers, (1.0,), settings)
    return {row.method: row for row in found.rows}, found.points


@pytest.mark.parametrize("seed", range(3))
def test_who_ignores_the_network_has_one(seed):
    rows, points = values_of(network(seed), lambda _: [fixed(blob(seed))], seed)
    assert rows["fixed"].value == 1
    assert rows["centre"].value == rows["random"].value == 1
    assert {point.value for point in points} == {1.0}


@pytest.mark.parametrize("seed", range(3))
def test_who_asks_the_network_has_less(seed):
    model = network(seed)
    rows, points = values_of(model, lambda stage: [gradient(stage)], seed)
    own = [point for point in points if point.method == "gradient"]
    values = [abs(point.value) for point in own if point.curve == "randomisation"]
    assert len(values) == 4
    floor = {point.share: point.value for point in own if point.curve != "randomisation"}
    assert list(floor) == [0, 1]
    assert floor[0] == floor[1]
    assert rows["gradient"].value == pytest.approx(np.mean(values))
    assert rows["gradient"].value < 0.8
    assert next(point.step for point in points if point.method == "gradient") == "fc"


@pytest.mark.parametrize("seed", range(3))
def test_a_linear_network_forgets_all_at_once(seed):
    # The gradient is the weight itself, drawn anew: independent, so the correlation is that of two noises.
    rows, _ = values_of(Linear(seed), lambda stage: [gradient(stage)], seed)
    assert rows["gradient"].value < 4 / SIZE


def test_correlations():
    one, other = blob(0), blob(1)
    assert correlation(one, other) == pytest.approx(spearmanr(one.ravel(), other.ravel()).statistic)
    assert correlation(one, np.zeros_like(one)) is None
    assert correlation(np.ones_like(one), one) is None


def test_undefined_stages_are_told():
    found = randomisation(blob(0), [-0.5, None, 0.1])
    assert found.value == pytest.approx(0.3)
    assert "1 of 3" in found.note
    assert randomisation(blob(0), [None, None]).value is None
    assert "zero" in randomisation(np.zeros((3, 3)), [None]).note


def test_an_untrained_copy_has_nothing_of_the_network():
    model, example = network(0), image(0)[None]
    copy, again, other = (untrained(model, example, seed) for seed in (0, 0, 1))
    for (name, own), mine, same, drawn in zip(
        model.named_parameters(), copy.parameters(), again.parameters(), other.parameters(), strict=True
    ):
        assert torch.equal(mine, same), name
        if mine.ndim > 1:  # shifts and scales of normalisation begin at 0 and 1
            assert not torch.equal(mine, own), name
            assert not torch.equal(mine, drawn), name
