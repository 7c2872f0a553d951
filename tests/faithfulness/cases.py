"""Small networks and explanations whose values are known."""

import numpy as np
import torch
from torch import nn

from lucidag.explain.lime.settings import LimeSettings
from lucidag.explain.methods.explainer import Explainer, single
from lucidag.explain.stage import open_group
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from lucidag.models.small import small_cnn

SIZE = 16


class Linear(nn.Module):
    """Logits 0 and w·x + b."""

    def __init__(self, seed: int, channels: int = 3, size: int = SIZE) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        self.weight = nn.Parameter(torch.randn(channels, size, size, generator=draw))
        self.bias = nn.Parameter(torch.randn((), generator=draw))

    def forward(self, x):
        score = (x * self.weight).sum(dim=(1, 2, 3)) + self.bias
        return torch.stack([torch.zeros_like(score), score], dim=1)


class Additive(nn.Module):
    """A network of two classes whose second has the probability Σ share · x exactly, for x of 0s and 1s."""

    def __init__(self, share: torch.Tensor) -> None:
        super().__init__()
        self.share = nn.Parameter(share)

    def forward(self, x):
        p = (x * self.share).sum(dim=(1, 2, 3)).clamp(1e-7, 1 - 1e-7)
        return torch.stack([(1 - p).log(), p.log()], dim=1)


def network(seed: int, channels: int = 3) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return small_cnn(4, channels, width=6, depth=2).eval()


def image(seed: int, channels: int = 3, size: int = SIZE) -> torch.Tensor:
    return torch.randn(channels, size, size, generator=torch.Generator().manual_seed(1000 + seed))


def gradient(model: nn.Module, name: str = "gradient", power: int = 1) -> Explainer:
    """The gradient of the logit, summed over channels; each batch is one forward pass."""

    def function(x, target):
        x.requires_grad_(True)
        (found,) = torch.autograd.grad(model(x)[:, target].sum(), x)
        return found.sum(dim=1) ** power

    return single(name, function)


def times_input(model: nn.Module, name: str = "times_input") -> Explainer:
    def function(x, target):
        x.requires_grad_(True)
        (found,) = torch.autograd.grad(model(x)[:, target].sum(), x)
        return (found * x).sum(dim=1).detach()

    return single(name, function)


def fixed(values, name: str = "fixed") -> Explainer:
    """An explainer that ignores image and network."""
    return single(name, lambda x, _: np.repeat(np.asarray(values)[None], len(x), axis=0))


def cam(model: nn.Module, example: torch.Tensor, methods: list[str], layer: str | None = None) -> Explainer:
    """Class activation maps as a study asks for them."""
    opened = Network(model, Inputs(example.shape[-1], example.shape[1]), None)
    (found,) = open_group({"methods": methods, "options": {"layer": layer}}, opened, "cpu").explainers()
    return found


def lime(opened: Network, settings: LimeSettings) -> Explainer:
    """LIME as a study asks for it."""
    options = {"settings": settings.to_json()}
    (found,) = open_group({"methods": ["lime"], "options": options}, opened, "cpu").explainers()
    return found


def blob(seed: int, size: int = SIZE):
    return np.random.default_rng(seed).normal(size=(size, size))
