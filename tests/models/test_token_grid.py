"""Where the tokens of a transformer lie on the image: shown by what changes when one patch of the image does."""

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional
from torchvision.models import SwinTransformer, VisionTransformer

from lucidag.models.grids import TokenGrid
from lucidag.models.small import small_cnn
from lucidag.models.steps import steps_of, watching_steps
from lucidag.models.token_grid import places

SIZE, WIDTH = 16, 12


class Own(nn.Module):
    """A transformer written plainly; `cut` makes the patches, `extra` tokens are put beside them."""

    def __init__(self, cut: str, front: int = 1, behind: int = 0, first: bool = False, size: int = SIZE) -> None:
        super().__init__()
        self.cut, self.first = cut, first
        self.conv = nn.Conv2d(3, WIDTH, 4, 4)
        self.linear = nn.Linear(48, WIDTH)
        self.front = nn.Parameter(torch.randn(1, front, WIDTH))
        self.behind = nn.Parameter(torch.randn(1, behind, WIDTH))
        self.block = nn.TransformerEncoderLayer(WIDTH, 2, 8, batch_first=not first)
        self.head = nn.Linear(WIDTH, 3)

    def patches(self, x: torch.Tensor) -> torch.Tensor:
        n, c, h, w = x.shape
        if self.cut == "conv":
            return self.conv(x).flatten(2).transpose(1, 2)
        if self.cut == "conv, channels last":
            return self.conv(x).permute(0, 2, 3, 1).reshape(n, -1, WIDTH)
        if self.cut == "by columns":
            return self.conv(x).permute(0, 3, 2, 1).reshape(n, -1, WIDTH)
        if self.cut == "cut by hand":
            parts = x.reshape(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 3, 5, 1)
            return self.linear(parts.reshape(n, (h // 4) * (w // 4), 48))
        if self.cut == "F.unfold":
            return self.linear(functional.unfold(x, 4, stride=4).transpose(1, 2))
        parts = x.unfold(2, 4, 4).unfold(3, 4, 4)  # N x C x h x w x 4 x 4
        return self.linear(parts.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.patches(x)
        n = len(x)
        tokens = torch.cat([self.front.expand(n, -1, -1), tokens, self.behind.expand(n, -1, -1)], dim=1)
        if self.first:
            return self.head(self.block(tokens.transpose(0, 1)).mean(0))
        return self.head(self.block(tokens)[:, 0])


def timm_vit(name: str, **options: object) -> nn.Module:
    return timm.create_model(name, img_size=32, patch_size=8, depth=2, num_classes=3, **options)


NETWORKS = {
    "torchvision": lambda: VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=3),
    "timm": lambda: timm_vit("vit_tiny_patch16_224"),
    "no class token": lambda: timm_vit("vit_tiny_patch16_224", class_token=False, global_pool="avg"),
    "two in front": lambda: timm_vit("deit_tiny_distilled_patch16_224"),
    "five in front": lambda: timm_vit("vit_small_patch14_reg4_dinov2"),
    "registers": lambda: timm_vit("vit_medium_patch16_reg4_gap_256"),
    "conv": lambda: Own("conv"),
    "conv, channels last": lambda: Own("conv, channels last", 3, 2),
    "cut by hand": lambda: Own("cut by hand", 0, 1),
    "F.unfold": lambda: Own("F.unfold", 2),
    "unfold": lambda: Own("unfold"),
    "tokens first": lambda: Own("conv", 1, first=True),
}
FRONT = {"two in front": 2, "five in front": 5, "registers": 4, "no class token": 0}
FRONT |= {"conv, channels last": 3, "cut by hand": 0, "F.unfold": 2}
SIZES = {"torchvision": 32, "timm": 32, "no class token": 32, "two in front": 32, "five in front": 32, "registers": 32}


def network(name: str) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return NETWORKS[name]().eval()


def outputs(model: nn.Module, x: torch.Tensor) -> dict[int, torch.Tensor]:
    found: dict[int, torch.Tensor] = {}

    def see(place: int, output: object) -> None:
        if isinstance(output, torch.Tensor):
            found[place] = output.clone()

    with torch.no_grad(), watching_steps(model, x, see):
        model(x)
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_a_changed_patch_changes_its_token_and_no_other(name: str) -> None:
    model, size = network(name), SIZES.get(name, SIZE)
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1))
    steps = steps_of(model, x)
    grids = places(steps, tuple(x.shape)).grids
    last = grids[max(grids)]
    assert (last.rows, last.columns) == (4, 4)
    assert max(grid.front for grid in grids.values()) == FRONT.get(name, 1)
    before = outputs(model, x)
    mixing = min(place for place, step in enumerate(steps.steps) if "attention" in step.function)
    checked = [place for place in grids if place < mixing]
    assert checked
    side = size // 4
    for row, column in ((0, 0), (1, 3), (3, 2)):
        changed = x.clone()
        changed[:, :, row * side : (row + 1) * side, column * side : (column + 1) * side] += 1
        after = outputs(model, changed)
        for place in checked:
            grid, moved = grids[place], (after[place] - before[place]).abs()
            assert steps.steps[place].shape[grid.axis] == grid.tokens
            of_tokens = moved.amax([axis for axis in range(3) if axis != grid.axis])
            assert of_tokens.nonzero().flatten().tolist() == [grid.front + row * grid.columns + column]
            assert grid.places(of_tokens, 0).nonzero().tolist() == [[row, column]]


@pytest.mark.parametrize(("height", "width"), [(16, 24), (8, 20)])
def test_grids_need_not_be_square(height: int, width: int) -> None:
    x = torch.randn(1, 3, height, width)
    found = places(steps_of(Own("unfold"), x), tuple(x.shape)).grids
    assert found[max(found)] == TokenGrid(height // 4, width // 4, 1, 1 + height * width // 16, 1)


def test_tokens_in_another_order_have_no_grid() -> None:
    assert places(steps_of(Own("by columns"), torch.randn(1, 3, 16, 16)), (1, 3, 16, 16)).grids == {}


@pytest.mark.parametrize(
    "model",
    [
        small_cnn(3, width=4, depth=2),
        SwinTransformer([4, 4], 8, [1, 1], [2, 2], [2, 2], num_classes=3),
        nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 3)),
    ],
)
def test_networks_without_tokens_have_none(model: nn.Module) -> None:
    assert places(steps_of(model, torch.randn(1, 3, 32, 32)), (1, 3, 32, 32)).grids == {}


def test_each_stage_of_a_pyramid_has_its_own_grid() -> None:
    class Pyramid(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 8, 2, 2), nn.Conv2d(8, 8, 2, 2)
            self.norms = nn.ModuleList(nn.LayerNorm(8) for _ in range(2))
            self.head = nn.Linear(8, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            fine = self.norms[0](self.first(x).flatten(2).transpose(1, 2))
            maps = fine.transpose(1, 2).reshape(len(x), 8, 8, 8)
            return self.head(self.norms[1](self.second(maps).flatten(2).transpose(1, 2)).mean(1))

    steps = steps_of(Pyramid(), torch.randn(1, 3, 16, 16))
    found = {steps.steps[place].name: grid.rows for place, grid in places(steps, (1, 3, 16, 16)).grids.items()}
    assert (found["norms.0"], found["norms.1"]) == (8, 4)
