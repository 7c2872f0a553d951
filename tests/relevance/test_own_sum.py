"""A residual block of one's own: its sum has a rule if it is written as zennit's, and then torchvision's block's."""

import copy

import pytest
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock
from zennit.layer import Sum

from lucidag.explain.relevance.composites import composite_for
from lucidag.explain.relevance.covered import check_covered
from lucidag.explain.relevance.lrp import lrp
from lucidag.ground.errors import InputError
from tests.relevance.residual import image, network

COMPOSITES = ["epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1"]


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
    theirs, x = network("small_resnet", seed), image("small_resnet", seed, 2)
    ours = own(theirs)
    torch.testing.assert_close(ours(x), theirs(x))
    low, high = torch.full((1, 3, 1, 1), -5.0), torch.full((1, 3, 1, 1), 5.0)
    found = [lrp(model, x, [0, 1], composite_for(name, model, low, high)).maps for model in (theirs, ours)]
    assert abs(found[0]).max() > 0
    torch.testing.assert_close(torch.from_numpy(found[1]), torch.from_numpy(found[0]))


def test_a_plain_sum_is_refused_with_how_to_write_it() -> None:
    with pytest.raises(InputError, match=r"computes 'add', which has no rule: .*zennit\.layer\.Sum"):
        check_covered(own(network("small_resnet"), plain=True))
