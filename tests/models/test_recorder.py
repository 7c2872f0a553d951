import copy

import pytest
import torch
from torch import nn

from lucidag.ground.errors import InputError
from lucidag.models.attention import attention_small_resnet
from lucidag.models.recorder import by_place, checked_output, described, layer_outputs, recording, watching
from lucidag.models.small import small_cnn, small_mlp, small_resnet


class Odd(nn.Module):
    """A layer that runs twice, one that never does, one whose output is changed in place, one that gives a pair."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.twice, self.unused = nn.Conv2d(3, 3, 3, padding=1), nn.Sigmoid(), nn.ReLU()
        self.norm, self.pair, self.tokens, self.fc = nn.BatchNorm2d(3), Pair(), Tokens(), nn.Linear(3, 4)

    def forward(self, x):
        maps = self.norm(self.twice(self.twice(self.first(x)))).add_(1)
        maps += self.pair(maps)[0]
        return self.fc(self.tokens(maps).mean(1))


class Pair(nn.Module):
    def forward(self, x):
        return x, -x


class Tokens(nn.Module):
    def forward(self, x):
        return x.flatten(2).transpose(1, 2)


def odd_parts(model, x):
    norm = model.norm(torch.sigmoid(torch.sigmoid(model.first(x))))
    tokens = (2 * (norm + 1)).flatten(2).transpose(1, 2)
    return {"norm": norm, "tokens": tokens, "fc": model.fc(tokens.mean(1))}


def resnet_parts(model, x):
    stem = model.bn1(model.conv1(x))
    layer1 = model.layer1(stem.relu())
    layer4 = model.layer4(model.layer3(model.layer2(layer1)))
    behind = model.attention(layer4) if hasattr(model, "attention") else layer4
    return {"bn1": stem, "layer1": layer1, "layer4": layer4, "fc": model.fc(behind.mean((2, 3)))}


def cnn_parts(model, x):
    first = model.blocks.block1(x)
    last = model.blocks.block3(model.blocks.block2(first))
    return {"blocks.block1": first, "blocks": last, "fc": model.fc(last.mean((2, 3)))}


def mlp_parts(model, x):
    hidden = model.hidden1(x.flatten(1))
    return {"hidden1": hidden, "relu1": hidden.relu(), "fc": model.fc(hidden.relu())}


# A network, and what its layers give when its parts are run one after the other, without any hook.
NETWORKS = {
    "cnn": (lambda: small_cnn(4, width=4), cnn_parts),
    "mlp": (lambda: small_mlp(4, 192, (16,)), mlp_parts),
    "resnet": (lambda: small_resnet(4, width=8), resnet_parts),
    "attention": (lambda: attention_small_resnet(4, width=8, side=2), resnet_parts),
    "odd": (Odd, odd_parts),
}


def network(name):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = NETWORKS[name][0]()
        for norm in (each for each in model.modules() if isinstance(each, nn.BatchNorm2d)):
            nn.init.normal_(norm.running_mean)
    return model.eval()


def images(count=2, **how):
    return torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(5)).to(**how)


def outputs(model, x, layers, graph):
    with layer_outputs(model, layers, graph) as seen:
        model(x)
    return [checked_output(layer, seen, len(x)) for layer in layers]


def hooks(model):
    return sum(len(each._forward_hooks) + len(each._forward_pre_hooks) for each in model.modules())


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_those_before_anything_behind_them(name, graph):
    model, x = network(name), images()
    expected, logits = NETWORKS[name][1](model, x), model(x)
    with layer_outputs(model, list(expected), graph) as seen:
        for _ in range(2):
            seen.clear()
            assert torch.equal(model(x), logits)
            assert seen.keys() == expected.keys()
            for layer, output in expected.items():
                torch.testing.assert_close(seen[layer], output, rtol=1e-6, atol=1e-6)
                assert seen[layer].requires_grad == graph
    assert not hooks(model)


@pytest.mark.parametrize("name", NETWORKS)
def test_with_its_graph_an_output_has_the_gradient_of_the_logits(name):
    model, x = network(name), images()
    layers = list(NETWORKS[name][1](model, x))[:-1]
    with layer_outputs(model, layers, graph=True) as seen:
        logits = model(x)
        gradients = torch.autograd.grad(logits[:, 1].sum(), [seen[layer] for layer in layers])
    for layer, gradient in zip(layers, gradients, strict=True):
        step = 1e-2 * gradient / gradient.norm()
        ends = []
        for sign in (1, -1):
            with watching(model, lambda call, sign=sign, step=step: call.output + sign * step, [layer]):
                ends.append(model(x)[:, 1].sum())
        assert ((ends[0] - ends[1]) / 2e-2).item() == pytest.approx(float(gradient.norm()), rel=0.1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", NETWORKS)
def test_type_and_device_stay(name, dtype):
    for device in ("cpu", "meta"):
        model, x = network(name).to(device, dtype), images(device=device, dtype=dtype)
        layers = list(NETWORKS[name][1](model, x))
        for graph in (False, True):
            with layer_outputs(model, layers, graph) as seen:
                assert model(x).dtype == dtype
            assert {output.device.type for output in seen.values()} == {device}
            assert {output.dtype for output in seen.values()} == {dtype if graph else torch.float32}
        assert {(each.dtype, each.device.type) for each in model.parameters()} == {(dtype, device)}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_pass_can_end_at_its_layers(name):
    model, x = network(name), images()
    layers = list(NETWORKS[name][1](model, x))[:2]
    with recording(model) as calls, layer_outputs(model, layers, stop=True) as seen:
        model(x)
        raise AssertionError("the block goes on")
    assert list(seen) == layers
    # The last one's hook of `recording` runs before the pass ends; nothing behind it does.
    assert calls[-1].name == layers[-1]
    assert not hooks(model)


def test_every_call_is_recorded_in_order():
    model, x = network("odd"), images()
    with recording(model) as ends, recording(model, before=True) as starts:
        logits = model(x)
    inner = ["first", "twice", "twice", "norm", "pair", "tokens", "fc"]
    assert [call.name for call in ends] == [*inner, ""]
    assert [call.name for call in starts] == ["", *inner]
    assert all(call.output is None for call in starts)
    assert ends[-1].output is logits
    assert ends[-1].inputs == (x,)
    assert ends[0].module is model.first
    assert ends[1].output is ends[2].inputs[0]


def test_what_is_shown_can_be_replaced():
    model, x = network("odd"), images()
    with watching(model, lambda call: torch.zeros_like(call.output), ["tokens"]):
        assert torch.equal(model(x), model.fc.bias.expand(2, 4))
    with watching(model, lambda call: (-call.inputs[0],), [""], before=True):
        replaced = model(x)
    assert torch.equal(replaced, model(-x))


@pytest.mark.parametrize("before", [False, True])
def test_hooks_are_gone_after_a_failure_and_copies_fall_silent(before):
    model, wrong = network("odd"), torch.randn(1, 2, 8, 8)
    theirs = model.fc.register_forward_hook(lambda *_: None)
    with recording(model, before=before) as calls:
        copied = copy.deepcopy(model)
        copied(images())
        assert len(calls) == 8
        with pytest.raises(RuntimeError):
            model(wrong)
    count = len(calls)
    copied(images())
    model(images())
    assert len(calls) == count
    assert hooks(model) == 1
    theirs.remove()
    with pytest.raises(AttributeError), recording(model, ["fc", "fd"]):
        pass
    assert not hooks(model)
    for block in (recording(model, before=before), layer_outputs(model, ["first", "fc"])):
        with pytest.raises(RuntimeError), block:
            model(wrong)
        assert not hooks(model)


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        (["firts"], r"layer 'firts' does not exist \(did you mean 'first'\?\); there are: first, twice, unused"),
        (["fc", ""], "layer '' does not exist"),
        (["fc", "norm", "fc"], "layers: 'fc' is listed twice"),
        (["fc", "twice"], "layer 'twice' runs more than once in a pass"),
        (["unused"], "layer 'unused' does not run in a forward pass, so it has no activations"),
        (["pair"], "layer 'pair' gives a tuple; it must give N x K or N x K x H x W numbers"),
        (["tokens"], r"layer 'tokens' gives shape \(2, 64, 3\) for a batch of 2; it must give N x K or N x K x H x W$"),
    ],
)
@pytest.mark.parametrize("graph", [False, True])
def test_layers_that_have_no_one_output_are_named(layers, sentence, graph):
    model, x = network("odd"), images()
    with pytest.raises(InputError, match=sentence):
        outputs(model, x, layers, graph)
    assert not hooks(model)


@pytest.mark.parametrize(
    ("shape", "dimensions", "fits"),
    [
        ((2, 5), (2, 4), True),
        ((2, 5, 1, 1), (2, 4), True),
        ((2, 5, 3), (2, 4), False),
        ((2, 5, 3), (2, 3, 4), True),
        ((2, 5, 3), (3,), True),
        ((3, 5), (2, 4), False),
        ((2, 0), (2, 4), False),
        ((2, 5, 0, 4), (2, 4), False),
        ((2,), (2, 4), False),
        ((), (2, 4), False),
    ],
)
def test_which_shapes_will_do(shape, dimensions, fits):
    seen = {"a": torch.zeros(shape)}
    if fits:
        assert checked_output("a", seen, 2, dimensions) is seen["a"]
        return
    with pytest.raises(InputError, match="for a batch of 2; it must give N x"):
        checked_output("a", seen, 2, dimensions)


def test_what_an_output_is():
    assert described(torch.zeros(2, 3)) == "a tensor of shape (2, 3)"
    assert described(()) == "tuple"
    maps = torch.arange(24).view(1, 2, 3, 4)
    assert by_place(maps).tolist() == [[list(range(12)), list(range(12, 24))]]
    assert by_place(torch.tensor([[7, 8]])).tolist() == [[[7], [8]]]
