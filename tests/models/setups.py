"""Small networks of others: drawn images, and networks trained on them in plain torch with inputs of their own."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from lucidag.models.inputs import Inputs
from lucidag.models.settings import Input

SIZE = 16


def draw(count: int, classes: int, noise: float, seed: int, skew: float = 0.0) -> tuple[torch.Tensor, np.ndarray]:
    """Draw stripes whose direction and colour are the class: uint8 N x 3 x 16 x 16, and the labels."""
    random = np.random.default_rng(seed)
    shares = np.exp(-skew * np.arange(classes))
    labels = random.choice(classes, count, p=shares / shares.sum())
    colours = np.random.default_rng(classes).uniform(-1, 1, (classes, 3, 1, 1))
    y, x = np.mgrid[:SIZE, :SIZE]
    angle = np.pi * labels[:, None, None] / classes
    waves = np.sin(1.2 * (x * np.cos(angle) + y * np.sin(angle)) + random.uniform(0, 6.3, (count, 1, 1)))
    pixels = 110 + 35 * waves[:, None] + 30 * colours[labels] + noise * random.normal(size=(count, 3, SIZE, SIZE))
    return torch.from_numpy(pixels.clip(0, 255).astype(np.uint8)), labels


def fed(words: str) -> Inputs:
    """Give the inputs of a normalisation by name; ``bgr`` before it turns the colours round."""
    order, name = ("bgr", words[4:]) if words.startswith("bgr ") else ("rgb", words)
    return Inputs(**Input(size=SIZE, normalise=name, order=order).model_dump())


def trained(
    frames: torch.Tensor, labels: np.ndarray, classes: int, inputs: Inputs, steps: int, seed: int = 0
) -> nn.Module:
    """Train a network without any normalisation of its own, as CIFAR's are written by hand."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, classes),
    )
    batch, truth = inputs.normalise(frames), torch.from_numpy(labels)
    scale = float(batch.std())
    optimiser = torch.optim.Adam(model.parameters(), 1e-2 / max(1.0, scale**0.5))
    return descend(model, batch, truth, optimiser, steps)


def descend(
    model: nn.Module, batch: torch.Tensor, truth: torch.Tensor, optimiser: torch.optim.Optimizer, steps: int
) -> nn.Module:
    """Train on 64 images a step."""
    for step in range(steps):
        rows = torch.randperm(len(batch), generator=torch.Generator().manual_seed(step))[:64]
        loss = nn.functional.cross_entropy(model(batch[rows]), truth[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()


def asked(model: nn.Module, frames: torch.Tensor) -> Callable[[Inputs, np.ndarray], np.ndarray]:
    """Return what `lucidag.models.tried.better_way` asks: from inputs and numbers of images to logits."""

    def logits(inputs: Inputs, positions: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(inputs.normalise(frames[torch.from_numpy(positions)])).double().numpy()

    return logits
