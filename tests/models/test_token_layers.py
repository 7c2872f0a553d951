"""Layers of tokens are maps: turned as by hand, turned back, and known to lead to the logits where a gradient does."""

import pytest
import timm
import torch
from torch import nn
from torchvision.models import MaxVit, SwinTransformer, VisionTransformer

from lucidag.ground.errors import InputError
from lucidag.models.describe import describe
from lucidag.models.layers import Layers, Takes, find_layer
from lucidag.models.maps import own_layers
from lucidag.models.steps import watching_steps
from tests.models.token_twins import FRONT, SIDE, SIZE, WIDTH, Merging, kept, random_image, turned, twin
from tests.models.vits import vit

TAKES = Takes(kinds=("maps", "channels last", "tokens"), functions=True, leads=False)
LEADING = Takes(kinds=("maps", "tokens"), functions=True, leads=True)


def timm_vit(name: str, **options: object) -> nn.Module:
    return timm.create_model(name, img_size=12, patch_size=4, depth=3, num_classes=3, **options)


NETWORKS = {
    "class token": lambda: vit(),
    "fused": lambda: vit("fused", depth=3),
    "multihead": lambda: vit("multihead"),
    "registers": lambda: vit(front=4),
    "mean": lambda: vit(pool="mean", front=0),
    "mean beside a class token": lambda: vit(pool="mean"),
    "torchvision": lambda: VisionTransformer(12, 4, 3, 2, 16, 32, num_classes=3),
    "timm": lambda: timm_vit("vit_tiny_patch16_224"),
    "timm, average": lambda: timm_vit("vit_tiny_patch16_224", class_token=False, global_pool="avg"),
    "timm, registers": lambda: timm_vit("vit_small_patch14_reg4_dinov2"),
    "tokens": lambda: twin("tokens"),
    "tokens first": lambda: twin("first"),
}


def network(name: str) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = NETWORKS[name]().eval()
        for parameter in model.parameters():  # some begin with zeros
            with torch.no_grad():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_the_tokens_of_the_image_lead_to_the_logits_where_they_have_a_gradient(name: str) -> None:
    model, x = network(name), random_image().requires_grad_()
    layers, seen = describe(model, x), {}

    def see(place: int, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.requires_grad:
            output.retain_grad()
            seen[place] = output

    image = x.clone()
    with watching_steps(model, image, see):
        logits = model(image)
    (logits * torch.tensor([1.0, -0.3, 0.2])).sum().backward()
    told = [layer for layer in layers.steps if layer.grid is not None]
    assert told
    for layer in told:
        gradient = seen[layer.place].grad
        flows = gradient is not None and bool(layer.units_first(gradient).ne(0).any())
        assert layer.read == flows, layer.name
    last = max(told, key=lambda layer: layer.place)
    assert last.read == (name in ("mean", "mean beside a class token", "timm, average", "tokens", "tokens first"))


@pytest.mark.parametrize("name", ["class token", "registers", "mean", "torchvision", "timm", "timm, registers"])
def test_tokens_are_turned_as_by_hand_and_back(name: str) -> None:
    model, x = network(name), random_image(1, 2)
    layers = describe(model, x)
    front = {"registers": 4, "mean": 0, "timm, registers": 5}.get(name, 1)
    names = [each for each in layers.modules if (at := layers.of_module(each)) is not None and at.grid is not None]
    with_rest = [each for each in names if layers.of_module(each).shape[1] == front + SIDE**2]
    assert len(with_rest) > 10
    for each in with_rest:
        layer, output = find_layer(layers, each, TAKES), kept(model, each, x)
        maps = turned(output, front, SIDE, SIDE)
        assert layer.extent == (SIDE, SIDE)
        assert torch.equal(layer.units_first(output), maps)
        assert torch.equal(layer.as_given(maps, output), output)
        assert torch.equal(layer.as_given(maps, output[:1])[:1], output[:1])
        assert torch.equal(layer.units_first(layer.as_given(maps)), maps)
        assert not layer.as_given(maps)[:, :front].any()


def test_the_description_comes_back_from_json() -> None:
    layers = describe(network("registers"), random_image())
    assert Layers.from_json(layers.to_json()) == layers


@pytest.mark.parametrize(
    ("name", "blocks", "block"),
    [
        ("torchvision", [f"encoder.layers.encoder_layer_{n}" for n in range(3)], "encoder.layers.encoder_layer_1"),
        ("timm", ["blocks.0", "blocks.1", "blocks.2"], "blocks.1"),
        ("timm, average", ["blocks.0", "blocks.1", "blocks.2"], "blocks.2"),
        ("fused", ["blocks.0", "blocks.1", "blocks.2"], "blocks.1"),
    ],
)
def test_a_transformer_has_its_last_blocks(name: str, blocks: list[str], block: str) -> None:
    model = network(name)
    head = {"torchvision": "heads.head"}.get(name, "head")
    found, last = own_layers(describe(model, random_image()), head)
    assert found[:3] == blocks
    assert last == block
    assert found[-1] == head
    if name != "timm, average":  # the class token behind the last norm
        assert len(found) == 5


def test_tokens_behind_the_last_attention_are_refused_where_they_have_to_lead_on() -> None:
    layers = describe(network("torchvision"), random_image())
    name = "encoder.layers.encoder_layer_2"
    assert find_layer(layers, name, TAKES).grid is not None
    with pytest.raises(InputError, match=rf"'{name}': of its tokens only those beside the image's.*encoder_layer_1"):
        find_layer(layers, name, LEADING)
    assert find_layer(layers, f"{name}.ln_1", LEADING).read


def test_tokens_whose_places_cannot_be_told_are_refused_until_they_are_named() -> None:
    model, x = twin("columns"), random_image()
    with pytest.raises(InputError, match=r"'out' gives a tensor of shape \(1, 9, 8\).*models.NAME.token_grid"):
        find_layer(describe(model, x), "out", TAKES)
    vars(model)["named_grid"] = (3, 3, 0)
    found = find_layer(describe(model, x), "out", TAKES)
    assert torch.equal(found.units_first(kept(model, "out", x)), turned(kept(model, "out", x), 0, 3, 3))


@pytest.mark.parametrize(("front", "size"), [(1, (1, 9)), (4, (9, 1))])
def test_a_named_grid_counts_more_than_what_is_found(front: int, size: tuple[int, int]) -> None:
    model, x = vit(front=front), random_image()
    vars(model)["named_grid"] = (*size, front)
    found = find_layer(describe(model, x), "blocks.0", TAKES)
    assert found.extent == size
    assert torch.equal(found.units_first(kept(model, "blocks.0", x)), turned(kept(model, "blocks.0", x), front, *size))


def test_a_window_that_is_the_whole_map_has_its_grid_and_others_are_refused() -> None:
    model = SwinTransformer([4, 4], 8, [2], [2], [4, 4], num_classes=3).eval()
    for size, whole in ((16, True), (32, False)):
        layers = describe(model, torch.randn(1, 3, size, size))
        tokens = [layer for layer in layers.steps if layer.gives_tokens()]
        assert bool([layer for layer in tokens if layer.grid is not None]) == whole


def test_windows_are_no_maps() -> None:
    model, x = MaxVit((64, 64), 8, 2, [8], [1], 4, 0.0, num_classes=3).eval(), torch.randn(1, 3, 64, 64)
    layers = describe(model, x)
    windows = [name for name in layers.modules if ".attn_layer" in name or ".mlp_layer" in name]
    inside = [at for name in windows if (at := layers.of_module(name)) is not None and len(at.shape) == 4]
    assert inside
    assert not any(layer.gives_maps() for layer in inside)
    assert find_layer(layers, "blocks.0", TAKES).extent == (16, 16)


@pytest.mark.parametrize("form", ["tokens", "registers", "first"])
def test_both_forms_give_the_same_maps(form: str) -> None:
    x = random_image(3, 2)
    layer = find_layer(describe(twin(form), x), "out", TAKES)
    assert (layer.units, layer.grid.front) == (WIDTH, 0 if form == "tokens" else FRONT)
    output, maps = kept(twin(form), "out", x), kept(twin("maps"), "out", x)
    torch.testing.assert_close(layer.units_first(output), maps)
    torch.testing.assert_close(layer.as_given(maps, output), output)


def test_merged_tokens_lie_on_a_grid_of_half_the_size() -> None:
    model, x = Merging().eval(), random_image()
    layers = describe(model, x)
    for name, side in (("norm", 6), ("back", 6), ("merge", 3), ("last", 3)):
        layer = find_layer(layers, name, TAKES)
        assert layer.extent == (side, side)
        before, size = layer.units_first(kept(model, name, x)), SIZE // side
        for row, column in ((0, 0), (1, 2), (side - 1, 1)):
            changed = x.clone()
            changed[:, :, row * size : (row + 1) * size, column * size : (column + 1) * size] += 1
            apart = (layer.units_first(kept(model, name, changed)) - before).abs().amax((0, 1)) > 1e-6
            assert apart.nonzero().tolist() == [[row, column]], name
    with pytest.raises(InputError, match=r"'window' gives a tensor of shape \(9, 4, 8\).*layers that will do: .*merge"):
        find_layer(layers, "window", TAKES)


@pytest.mark.parametrize(("rows", "turned_over"), [(slice(1, None, 2), False), (slice(None, None, 2), True)])
def test_rows_that_are_left_out_are_counted(rows: slice, turned_over: bool) -> None:
    class Thinned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.mix, self.head = nn.Conv2d(3, 4, 2, 2), nn.Linear(4, 5), nn.Linear(5, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            maps = self.embed(x).permute(0, 2, 3, 1)[:, rows, ::2]
            return self.head(self.mix((maps.flip(1) if turned_over else maps).flatten(1, 2)).mean(1))

    layers = describe(Thinned().eval(), random_image())
    assert (layers.of_module("mix").grid is None) == turned_over


def test_windows_of_a_swin_are_refused_with_layers_that_will_do() -> None:
    model = SwinTransformer([4, 4], 8, [1, 1], [2, 2], [2, 2], num_classes=3).eval()
    layers = describe(model, torch.randn(1, 3, 32, 32))
    windows = [layer for layer in layers.steps if len(layer.shape) == 3 and layer.shape[0] > 1]
    assert len(windows) > 2
    for layer in windows:
        with pytest.raises(
            InputError, match=rf"'{layer.step}' gives a tensor of shape .*; layers that will do: .*norm"
        ):
            find_layer(layers, layer.step, TAKES)
