"""Rollout, gradient x attention and LeGrad: against their formulas computed by hand, and where they are refused."""

import numpy as np
import pytest
import timm
import torch
from torch import nn
from torchvision.models import MaxVit, SwinTransformer, VisionTransformer

from lucidag.explain.cam.maps import image_map
from lucidag.explain.methods.registry import load
from lucidag.explain.methods.rollout import joined, rollout
from lucidag.explain.stage import explain_subjects
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.recorder import recording
from lucidag.models.small import small_cnn
from tests.models.vits import CLASSES, DEPTH, HEADS, SIZE, TOKENS, WAYS, Vit, images, matrices, vit

METHODS = ("rollout", "gradient_attention", "legrad")
POOLS = ("class", "mean")


def by_hand(method: str, model: Vit, x: torch.Tensor, target: int) -> np.ndarray:
    """Compute the numbers of the tokens of one image with loops over layers, heads and tokens."""
    attention = [each[0].double().numpy() for each in matrices(model, x)]
    count = TOKENS + model.front
    read = [0] if model.pool == "class" else list(range(model.front, count))
    if method == "legrad":
        total = np.zeros(count)
        for layer in range(len(model.blocks)):
            gradient = slopes(model, x, target, layer, early=True)
            for head in range(HEADS):
                total += np.maximum(gradient[head], 0).sum(0) / (HEADS * count * len(model.blocks))
        return total[model.front :]
    whole = np.eye(count)
    for layer, matrix in enumerate(attention):
        if method == "rollout":
            mean = sum(matrix[head] for head in range(HEADS)) / HEADS
            whole = (0.5 * mean + 0.5 * np.eye(count)) @ whole
        else:
            gradient = slopes(model, x, target, layer, early=False)
            mean = sum(np.maximum(matrix[head] * gradient[head], 0) for head in range(HEADS)) / HEADS
            whole = whole + mean @ whole
    return np.mean([whole[token] for token in read], axis=0)[model.front :]


def slopes(model: Vit, x: torch.Tensor, target: int, layer: int, early: bool) -> np.ndarray:
    """Give the gradient of a class after the attention of one layer, heads x T x T, by the network's own formulas."""
    tokens = model.begin(x)
    for number, block in enumerate(model.blocks):
        if number != layer:
            tokens = tokens.detach() if number < layer else block(tokens)
            tokens = block(tokens).detach() if number < layer else tokens
            continue
        weights = matrices(model, x)[layer].requires_grad_()
        normed, own = block.norm1(tokens), block.attention.layer
        values = nn.functional.linear(normed, own.in_proj_weight, own.in_proj_bias).chunk(3, -1)[2]
        mixed = [weights[:, head] @ part for head, part in enumerate(values.chunk(HEADS, -1))]
        tokens = tokens + own.out_proj(torch.cat(mixed, -1))
        tokens = tokens + block.mlp(block.norm2(tokens))
        if early:
            break
    (gradient,) = torch.autograd.grad(model.tail(tokens)[0, target], weights)
    return gradient[0].double().numpy()


def explained(method: str, model: nn.Module, x: torch.Tensor, target: int, **options: object) -> np.ndarray:
    with torch.enable_grad():
        return np.asarray(load(method)(None, options).maps(model, x, target))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("seed", [0, 1])
def test_maps_are_those_computed_by_hand(method: str, pool: str, seed: int) -> None:
    model, x = vit("plain", seed, pool=pool, front=1 + seed), images(seed)
    found = explained(method, model, x, 2)
    assert found.shape == (2, SIZE, SIZE)
    for number in range(2):
        expected = by_hand(method, model, x[number : number + 1], 2).reshape(3, 3)
        assert np.ptp(expected) > 1e-6
        truth = image_map((expected / expected.max()).astype(np.float32), (SIZE, SIZE))
        np.testing.assert_allclose(found[number], truth, atol=2e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("way", [way for way in WAYS if way != "plain"])
def test_no_way_of_writing_attention_changes_a_map(method: str, way: str) -> None:
    x = images(4)
    plain, other = (explained(method, vit(each, 4), x, 1) for each in ("plain", way))
    np.testing.assert_allclose(other, plain, atol=1e-4)
    assert plain.max() > 0.99


@pytest.mark.parametrize("method", METHODS)
def test_what_is_remembered_of_a_network_holds_for_a_copy_with_other_weights(method: str) -> None:
    x, kept = images(3), load(method)(None, {})
    with torch.enable_grad():
        kept.maps(vit("fused", 0, pool="mean"), x, 1)
        found = np.asarray(kept.maps(vit("fused", 1, pool="mean"), x, 1))
    np.testing.assert_allclose(found, explained(method, vit("fused", 1, pool="mean"), x, 1), atol=1e-6)


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_frozen_networks_have_the_same_maps_and_are_left_as_they_are(method: str, frozen: bool) -> None:
    model, x = vit("fused", 5), images(5)
    expected, before = explained(method, model, x, 0), [each.clone() for each in model.parameters()]
    model.requires_grad_(not frozen)
    np.testing.assert_allclose(explained(method, model, x, 0), expected, atol=1e-5)
    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), before, strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all("forward" not in vars(module) and not module._forward_hooks for module in model.modules())


def test_rows_of_a_rollout_sum_to_one() -> None:
    layers = matrices(vit("plain", 6, depth=3), images(6))
    for how in ("mean", "max", "min"):
        whole = rollout([joined(each, how) for each in layers])
        torch.testing.assert_close(whole.sum(-1), torch.ones(whole.shape[:-1]))
        assert float(whole.min()) >= 0


def test_even_attention_rolls_out_evenly_and_one_that_stays_shows_nothing() -> None:
    even = torch.full((1, 4, 4), 0.25)
    expected = (0.5 * torch.eye(4) + 0.5 * even[0]) @ (0.5 * torch.eye(4) + 0.5 * even[0])
    torch.testing.assert_close(rollout([even, even])[0], expected)
    torch.testing.assert_close(rollout([torch.eye(4)[None]] * 3)[0], torch.eye(4))


def test_rollout_is_the_same_for_every_class_and_the_others_are_not() -> None:
    model, x = vit("fused", 7), images(7)
    maps = {method: [explained(method, model, x, target) for target in range(CLASSES)] for method in METHODS}
    assert all(np.array_equal(maps["rollout"][0], other) for other in maps["rollout"])
    assert not load("rollout").per_class
    for method in ("gradient_attention", "legrad"):
        assert np.abs(maps[method][0] - maps[method][1]).max() > 0.05
        assert load(method).per_class


class PlantedBlock(nn.Module):
    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        shares = (8 * tokens.mean(2)[:, None].expand(-1, tokens.shape[1], -1)).softmax(-1)
        return tokens + shares @ tokens


class Planted(nn.Module):
    """Its tokens are the brightness of patches: class 1 is how bright what it attends to is, class 2 the opposite."""

    def __init__(self) -> None:
        super().__init__()
        self.block, self.cut = PlantedBlock(), nn.Conv2d(3, 3, 4, 4, bias=False)
        nn.init.zeros_(self.cut.weight)
        for channel in range(3):
            self.cut.weight.data[channel, channel] = 1 / 16

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.cut(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([torch.zeros_like(tokens[:, :1]), tokens], dim=1)
        bright = self.block(tokens)[:, 0].mean(1)
        return torch.stack([torch.zeros_like(bright), bright, -bright], dim=1)


@pytest.mark.parametrize("place", [0, 4, 7])
def test_a_planted_patch_is_found_for_its_class_alone(place: int) -> None:
    x = torch.zeros(1, 3, SIZE, SIZE)
    row, column = place // 3, place % 3
    x[:, :, row * 4 : row * 4 + 4, column * 4 : column * 4 + 4] = 1

    for method in METHODS:
        found = explained(method, Planted(), x, 1)[0]
        best = np.unravel_index(found.argmax(), found.shape)
        assert (best[0] // 4, best[1] // 4) == (row, column), method
    for method in ("gradient_attention", "legrad"):
        against = explained(method, Planted(), x, 2)[0]
        assert against[row * 4 + 1, column * 4 + 1] < 0.5, method


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "build",
    [
        lambda: VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=3),
        lambda: timm.create_model("vit_tiny_patch16_224", img_size=32, patch_size=8, depth=2, num_classes=3),
        lambda: timm.create_model("vit_medium_patch16_reg4_gap_256", img_size=32, patch_size=8, depth=2, num_classes=3),
        lambda: timm.create_model("eva02_tiny_patch14_224", img_size=32, patch_size=8, depth=2, num_classes=3),
    ],
)
def test_published_networks_have_maps(method: str, build: object) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, x = build().eval(), torch.randn(2, 3, 32, 32)
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.3)
    found = explained(method, model, x, 1)
    assert found.shape == (2, 32, 32)
    assert found.min() >= 0
    assert (found.max((1, 2)) > 0.99).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_map_costs_at_most_three_passes(method: str) -> None:
    model, x = vit("fused", 8), images(8, 4)
    with recording(model, ["blocks.0.mlp", "blocks.1.mlp"]) as calls:
        explained(method, model, x, 1)
    assert len(calls) <= 3 * DEPTH


def network_of(model: nn.Module, size: int = 32) -> Network:
    return Network(model.eval(), Inputs(size, 3, "stretch", (0.5,) * 3, (0.5,) * 3), None)


class Pooled(nn.Module):
    """Keys and values are fewer than queries."""

    def __init__(self) -> None:
        super().__init__()
        self.cut, self.head = nn.Conv2d(3, 8, 8, 8), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.cut(x).flatten(2).transpose(1, 2)
        fewer = tokens.unflatten(1, (8, 2)).mean(2)
        return self.head((tokens @ fewer.transpose(1, 2)).softmax(-1).matmul(fewer).mean(1))


class Columns(nn.Module):
    """Its tokens go by columns."""

    def __init__(self) -> None:
        super().__init__()
        self.cut, self.head = nn.Conv2d(3, 8, 8, 8), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.cut(x).transpose(2, 3).flatten(2).transpose(1, 2)
        return self.head((tokens @ tokens.transpose(1, 2)).softmax(-1).matmul(tokens).mean(1))


class Straight(nn.Module):
    """Attention in the network's own code, in no block."""

    def __init__(self) -> None:
        super().__init__()
        self.cut, self.head = nn.Conv2d(3, 8, 8, 8), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.cut(x).flatten(2).transpose(1, 2)
        return self.head((tokens @ tokens.transpose(1, 2)).softmax(-1).matmul(tokens).mean(1))


SMALL = {"window_size": 4, "depths": (1, 1), "num_heads": (1, 1), "embed_dim": 8}
REFUSED = [
    (lambda: SwinTransformer([4, 4], 8, [1, 1], [2, 2], [2, 2], num_classes=3), "stays within windows of 4 tokens"),
    (lambda: MaxVit((32, 32), 8, 4, [8], [1], 4, 0.0, num_classes=3), "stays within windows of 16 tokens"),
    (lambda: timm.create_model("swin_tiny_patch4_window7_224", img_size=32, **SMALL), "stays within windows of 16"),
    (Pooled, "is of 16 tokens to 8 others"),
    (lambda: timm.create_model("cait_xxs24_224", img_size=32, patch_size=8, depth=1), "is of 1 tokens to 17 others"),
    (Columns, "its 16 tokens stands for cannot be told"),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("build", "sentence"), REFUSED)
def test_networks_whose_tokens_do_not_all_attend_to_each_other_are_refused(
    method: str, build: object, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        load(method).takes(network_of(build()))
    assert "`explain.without`" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_attention_in_no_block_has_no_legrad_but_the_others() -> None:
    network = network_of(Straight())
    assert load("rollout").takes(network)
    assert load("gradient_attention").takes(network)
    with pytest.raises(InputError, match="is in no block that takes the tokens"):
        load("legrad").takes(network)


@pytest.mark.parametrize("method", METHODS)
def test_networks_without_attention_have_no_map(method: str) -> None:
    network = network_of(small_cnn(3, width=4, depth=2))
    assert not load(method).takes(network)
    frame = torch.zeros(3, 32, 32, dtype=torch.uint8)
    family = {"methods": [method], "options": {}}
    (found,) = explain_subjects(network, [Subject("a", "x", None, frame, None)], ["x", "y", "z"], family, "cpu")
    assert found.maps == {}


@pytest.mark.parametrize("method", METHODS)
def test_a_job_makes_maps_of_its_images(method: str) -> None:
    network = network_of(vit("multihead", 9), SIZE)
    frames = torch.randint(0, 256, (2, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    subjects = [Subject(image, "x", 1, frame, None) for image, frame in zip("ab", frames, strict=True)]
    both = explain_subjects(network, subjects, ["x", "y", "z"], {"methods": [method], "options": {}}, "cpu")
    for each, frame in zip(both, frames, strict=True):
        expected = explained(method, network.model, network.inputs.normalise(frame[None]), 1)[0]
        np.testing.assert_allclose(each.maps[method], expected, atol=1e-5)
        assert each.kind(method) == "graded"


@pytest.mark.parametrize("method", METHODS)
def test_a_named_grid_counts_more_than_what_is_found(method: str) -> None:
    maps = {}
    for named in (None, (3, 3, 1), (9, 1, 1)):
        model = vit("fused")
        vars(model)["named_grid"] = named
        seen = load(method)().maps(model, images(0, 1), 1)
        maps[named] = np.asarray(seen)[0]
    assert maps[None].any()
    assert np.array_equal(maps[3, 3, 1], maps[None])
    assert np.ptp(maps[9, 1, 1], axis=1).max() == 0  # one token a row
    assert np.ptp(maps[None], axis=1).max() > 0
