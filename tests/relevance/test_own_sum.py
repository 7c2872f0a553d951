"""A residual block of one's own has the maps of torchvision's, however its sum is written; those have zennit's."""

import copy

import pytest
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock
from zennit.layer import Sum
from zennit.torchvision import ResNetBasicBlockCanonizer, ResNetBottleneckCanonizer

from lucidag.explain.relevance.canonizers import MergeBatchNorm
from lucidag.explain.relevance.composites import COMPOSITES as ZENNITS
from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.form import form_of
from lucidag.explain.relevance.library import with_torchvisions_blocks
from lucidag.explain.relevance.lrp import lrp
from tests.relevance.residual import image, network

COMPOSITES = ["epsilon_plus_flat", "epsilon_gamma_box", "epsilon_unsigned_gamma_box", "epsilon_alpha2_beta1"]


class OwnBlock(nn.Module):
    """The layers of a block of torchvision's, in a class that nobody knows."""

    def __init__(self, block: BasicBlock, plain: bool) -> None:
        super().__init__()
        self.conv1, self.bn1, self.conv2, self.bn2 = block.conv1, block.bn1, block.conv2, block.bn2
        self.relu, self.add = nn.ReLU(), Sum()
        self.skip = nn.Identity() if block.downsample is None else block.downsample
        self.plain = plain

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branch, skip = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))), self.skip(x)
        return self.relu(branch + skip if self.plain else self.add(torch.stack([skip, branch], dim=-1)))


def own(model: nn.Module, plain: bool = False) -> nn.Module:
    """Copy a network, with blocks of one's own in place of torchvision's."""
    changed = copy.deepcopy(model)
    for name, module in list(changed.named_modules()):
        if isinstance(module, BasicBlock):
            parent, _, child = name.rpartition(".")
            setattr(changed.get_submodule(parent), child, OwnBlock(module, plain))
    assert any(isinstance(module, OwnBlock) for module in changed.modules())
    return changed.eval()


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", COMPOSITES)
def test_a_sum_of_zennit_has_the_relevance_of_torchvisions_block(name: str, seed: int) -> None:
    theirs, x = with_torchvisions_blocks(network("small_resnet", seed)), image("small_resnet", seed, 2)
    ours = own(theirs)
    torch.testing.assert_close(ours(x), theirs(x))
    low, high = torch.full((1, 3, 1, 1), -5.0), torch.full((1, 3, 1, 1), 5.0)
    found = [lrp(model, x, [0, 1], composite_for(name, model, x, low, high)).maps for model in (theirs, ours)]
    assert abs(found[0]).max() > 0
    torch.testing.assert_close(torch.from_numpy(found[1]), torch.from_numpy(found[0]))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", COMPOSITES)
def test_a_plain_sum_has_it_too(name: str, seed: int) -> None:
    theirs, x = with_torchvisions_blocks(network("small_resnet", seed)), image("small_resnet", seed, 2)
    ours = own(theirs, plain=True)
    low, high = torch.full((1, 3, 1, 1), -5.0), torch.full((1, 3, 1, 1), 5.0)
    found = [lrp(model, x, [0, 1], composite_for(name, model, x, low, high)).maps for model in (theirs, ours)]
    torch.testing.assert_close(torch.from_numpy(found[1]), torch.from_numpy(found[0]))


@pytest.mark.parametrize(
    ("which", "name", "seed"),
    [("bottleneck", COMPOSITES[0], 0), *(("small_resnet", name, seed) for name in COMPOSITES for seed in (0, 1))],
)
def test_torchvisions_blocks_have_the_maps_of_zennits_canonizers(which: str, name: str, seed: int) -> None:
    model, x = with_torchvisions_blocks(network(which, seed)).double(), image(which, seed, 2).double()
    low, high = torch.full((1, 3, 1, 1), -5.0), torch.full((1, 3, 1, 1), 5.0)
    merged = MergeBatchNorm(form_of(model, x).merges)  # as zennit's, but exact
    blocks = [ResNetBasicBlockCanonizer(), ResNetBottleneckCanonizer()]
    zennits = ZENNITS[name].kind(*((low, high) if "box" in name else ()), canonizers=[merged, *blocks])
    found, theirs = (lrp(model, x, [0, 1], each).maps for each in (composite_for(name, model, x, low, high), zennits))
    assert abs(theirs).max() > 0
    assert abs(found - theirs).max() < 1e-6 * abs(theirs).max()
