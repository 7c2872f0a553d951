"""Small networks of several families, and what pytorch-grad-cam says of them."""

import copy
from dataclasses import dataclass

import numpy as np
import pytorch_grad_cam
import torch
from numpy.typing import NDArray
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torchvision.models import DenseNet, MobileNetV2, ShuffleNetV2
from torchvision.models.resnet import BasicBlock, Bottleneck

from lucidag.explain.methods.registry import load
from lucidag.models.small import small_cnn, small_resnet
from tests.narrow import Quarter

CLASSES = 5


def cams(names):
    """Give methods by their names."""
    return {name: load(name)() for name in names}


class Branching(nn.Module):
    """Looks at its input before it decides what to run, which torch.fx cannot follow."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return -self.inner(x) if x.mean() > 1e6 else self.inner(x)


def plain_cnn() -> nn.Module:
    """A VGG in small: in-place ReLU, pooling, then linear layers over all positions."""
    return nn.Sequential(
        *(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(12 * 8 * 8, 16), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(16, CLASSES)),
    )


BUILDERS = {
    "small_cnn": lambda: small_cnn(CLASSES, width=6, depth=3, dropout=0.2),
    "plain_cnn": plain_cnn,
    "small_resnet": lambda: small_resnet(CLASSES, width=6),
    "resnet18": lambda: Quarter(BasicBlock, [2, 2, 2, 2], CLASSES),
    "bottleneck": lambda: Quarter(Bottleneck, [1, 1, 1, 1], CLASSES),
    "mobilenet": lambda: MobileNetV2(CLASSES, 0.5, [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 2, 2], [6, 64, 2, 1]]),
    "densenet": lambda: DenseNet(8, (2, 2, 2), 16, num_classes=CLASSES),
    "shufflenet": lambda: ShuffleNetV2([2, 2, 2], [24, 16, 32, 64, 128], CLASSES),
    "branching": lambda: Branching(Quarter(BasicBlock, [1, 1, 1, 1], CLASSES)),
}
QUICK = ("small_cnn", "plain_cnn", "mobilenet", "densenet", "shufflenet")
SIZES = {"small_cnn": 32, "plain_cnn": 32}


def seeded(cases: list[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """Give each case its seeds: two where the network is quick."""
    return [(name, layer, seed) for name, layer in cases for seed in ((1, 2) if name in QUICK else (1,))]


def network(name: str, seed: int = 0) -> nn.Module:
    """Build one whose BatchNorms have the statistics of images and scales of their own, as after training."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BUILDERS[name]()
        norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.momentum = None
            nn.init.uniform_(norm.weight, 0.5, 1.5)
            nn.init.normal_(norm.bias, std=0.3)
        with torch.no_grad():
            model.train()(image(name, 50 + seed, 4))
            for norm in norms:
                norm.running_mean += 0.2 * torch.randn_like(norm.running_mean) * norm.running_var.sqrt()
                norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.7, 1.3)
    return model.eval()


def image(name: str, seed: int = 0, count: int = 1) -> torch.Tensor:
    size = SIZES.get(name, 48)
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(100 + seed))


def class_by_score(model: nn.Module, x: torch.Tensor, above: bool = True) -> int:
    """Give the class of the greatest logit, or of the least."""
    with torch.no_grad():
        logits = model(x)[0]
    return int(logits.argmax() if above else logits.argmin())


LIBRARY = {
    "gradcam": "GradCAM",
    "ablationcam": "AblationCAM",
    "scorecam": "ScoreCAM",
    "gradcam++": "GradCAMPlusPlus",
    "layercam": "LayerCAM",
    "eigencam": "EigenCAM",
}


@dataclass
class Reference:
    map: NDArray[np.float32]
    weights: NDArray[np.float32] | None


def library(method: str, model: nn.Module, layer: str, x: torch.Tensor, target: int) -> Reference:
    """Run pytorch-grad-cam as its users do, and note the weights that it computes on the way."""
    copied = copy.deepcopy(model)
    kept = []

    class Noting(getattr(pytorch_grad_cam, LIBRARY[method])):
        def get_cam_weights(self, *arguments):
            kept.append(super().get_cam_weights(*arguments))
            return kept[-1]

    with Noting(copied, [copied.get_submodule(layer)]) as cam:
        found = cam(x, [ClassifierOutputTarget(target)])
    return Reference(found[0], np.asarray(kept[0][0]) if kept else None)


def without_channels(model: nn.Module, layer: str, x: torch.Tensor, target: int) -> NDArray[np.float64]:
    """Give the target's logit with all channels, then without each: the whole network once for each, 16 at a time."""
    count = activations(model, layer, x).shape[1]
    masks = torch.cat([torch.ones(1, count), 1 - torch.eye(count)])[:, :, None, None]
    scores = []
    for mask in masks.split(16):
        handle = model.get_submodule(layer).register_forward_hook(lambda _, __, output, mask=mask: output * mask)
        with torch.no_grad():
            scores.append(model(x.expand(len(mask), -1, -1, -1))[:, target])
        handle.remove()
    return torch.cat(scores).double().numpy()


def activations(model: nn.Module, layer: str, x: torch.Tensor) -> torch.Tensor:
    seen = []
    handle = model.get_submodule(layer).register_forward_hook(lambda _, __, output: seen.append(output.clone()))
    with torch.no_grad():
        model(x)
    handle.remove()
    return seen[0]
