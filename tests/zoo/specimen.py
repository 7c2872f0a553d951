"""One architecture, its network, two images of it, and what the plain way says of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor
from zennit.core import Composite

from lucidag.data.features import Features
from lucidag.data.images import Images
from lucidag.data.manifest import Manifest, read_manifest, write_manifest
from lucidag.explain.relevance.lrp import Relevance
from lucidag.models.describe import describe
from lucidag.models.extract import extract
from lucidag.models.layers import Layer, Layers
from lucidag.models.maps import own_layers
from lucidag.models.network import Network
from tests.lime.conftest import draw_frame
from tests.zoo.architectures import CLASSES, doubled, opened

SIDE = 64
IMAGES = 2


def write_images(folder: Path) -> Manifest:
    """Write two images of rectangles and noise, as a data set of the classes that the networks know."""
    images = np.stack([draw_frame(seed, SIDE).transpose(1, 2, 0) for seed in range(IMAGES)])
    classes = [f"c{number}" for number in range(CLASSES)]
    table = pd.DataFrame({"image": ["one", "two"], "label": classes[:IMAGES], "split": "test"})
    write_manifest(folder, table, classes, images)
    return read_manifest(folder)


@dataclass
class Specimen:
    """A network and two images.

    Attributes
    ----------
    name
        Of the architecture.
    network
        In double precision, but for large ones.
    manifest
        The images.
    map
        Grad-CAM of the first, once it is known.
    rules, relevance
        Composites by name, and the relevance of the first image by each, once they are known.
    """

    name: str
    network: Network
    manifest: Manifest
    map: NDArray[np.float32] | None = None
    rules: dict[str, Composite] = field(default_factory=dict)
    relevance: dict[str, Relevance] = field(default_factory=dict)

    @property
    def model(self) -> nn.Module:
        return self.network.model

    @cached_property
    def frames(self) -> torch.Tensor:
        """uint8 2 x 3 x S x S."""
        images = Images(self.manifest)
        return torch.stack([self.network.inputs.prepare(images.read(row)) for row in range(IMAGES)])

    @cached_property
    def batch(self) -> torch.Tensor:
        """The images as the network takes them."""
        return self.network.inputs.normalise(self.frames)

    @property
    def x(self) -> torch.Tensor:
        """The first of them."""
        return self.batch[:1].clone()

    @cached_property
    def logits(self) -> NDArray[np.float64]:
        """2 x C, by the network as it is."""
        return self.plain()

    @property
    def target(self) -> int:
        """The class with the greatest logit, whatever its sign, of the first image."""
        return int(np.abs(self.logits[0]).argmax())

    @property
    def near(self) -> float:
        """What rounding may move, in parts of the greatest number."""
        return 1e-6 if self.batch.dtype == torch.float64 else 1e-3

    @cached_property
    def layers(self) -> Layers:
        """What one forward pass shows."""
        return describe(self.model, self.network.inputs.example(1))

    @cached_property
    def own(self) -> tuple[list[str], str | None]:
        """The layers that are dissected where none are named, and that of the concept atlas."""
        return own_layers(self.layers, self.network.head)

    @cached_property
    def features(self) -> Features:
        """What a job writes of the images."""
        network = self.network
        return extract(
            network.model,
            self.manifest,
            "test",
            network.inputs,
            [],
            IMAGES,
            threads=1,
            head=network.head,
            tail=network.tail,
        )

    def plain(self) -> NDArray[np.float64]:
        """Run the network on both images."""
        with torch.no_grad():
            return self.model(self.batch.clone()).double().numpy()

    def outputs(self, layers: list[Layer]) -> dict[str, torch.Tensor]:
        """Give what layers give of both images, units first: of modules by hooks, of functions by torchvision."""
        found: dict[str, torch.Tensor] = {}
        modules = dict(self.model.named_modules())
        handles = [
            modules[layer.name].register_forward_hook(
                lambda _, __, output, name=layer.name: found.update({name: output.detach().clone()})
            )
            for layer in layers
            if layer.name in modules
        ]
        self.plain()
        for handle in handles:
            handle.remove()
        for layer in layers:
            if layer.name not in modules:
                found[layer.name] = self._of_function(layer)
        return {layer.name: units_first(layer, found[layer.name]) for layer in layers}

    def _of_function(self, layer: Layer) -> torch.Tensor:
        """Give what a function gives: as the last layer takes it, or by torchvision, which names only some as we do."""
        kept: list[torch.Tensor] = []
        if layer.kind != "vectors":
            with torch.no_grad():
                return create_feature_extractor(self.model, [layer.name])(self.batch.clone())[layer.name]
        assert self.network.head is not None
        head = self.model.get_submodule(self.network.head)
        handle = head.register_forward_pre_hook(lambda _, given: kept.append(given[0].clone()))
        self.plain()
        handle.remove()
        return kept[0]


def units_first(layer: Layer, output: torch.Tensor) -> torch.Tensor:
    """Give a layer's output with its units in axis 1; torchvision's transformers have one token of the class."""
    if layer.kind == "channels last":
        return output.permute(0, 3, 1, 2)
    if layer.kind == "tokens":
        side = round((output.shape[1] - 1) ** 0.5)
        return output[:, 1:].reshape(len(output), side, side, -1).permute(0, 3, 1, 2)
    return output


def specimen(name: str, manifest: Manifest, seed: int = 0) -> Specimen:
    """Open an architecture with random weights."""
    return Specimen(name, doubled(opened(name, seed)), manifest)


@contextmanager
def hooked(module: nn.Module, change) -> Iterator[None]:
    """Change what a module gives while the block lasts."""
    handle = module.register_forward_hook(lambda _, __, output: change(output))
    try:
        yield
    finally:
        handle.remove()
