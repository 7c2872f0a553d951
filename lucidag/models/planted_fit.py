"""Detectors of the concepts of drawn scenes: a small convolutional network fitted to scenes drawn for it alone."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from torch import nn
from torch.nn.functional import avg_pool2d, binary_cross_entropy_with_logits, one_hot
from torch.nn.utils.fusion import fuse_conv_bn_weights

from lucidag.data.scenes import CONCEPTS, draw
from lucidag.models.planted_units import NAMES, SIZE

Floats = NDArray[np.float64]
STRIDE = 4  # of the detectors' maps on the image
BATCH, RATE, DECAY, RARE = 32, 3e-3, 0.05, -3.0  # RARE: the logit that the detectors begin with
CHECKED = 6  # one of so many images is not learnt from, and says how good the detectors are


@dataclass(frozen=True)
class Fit:
    """How well detectors do.

    Attributes
    ----------
    auprc
        float64 C: average precision over the positions of images that were not learnt from: does the detector tell
        those of which the concept covers more than half?
    usual
        float64 C: the mean activation where the concept covers more than half.
    """

    auprc: Floats
    usual: Floats


def fit_detectors(convolutions: list[nn.Conv2d], readout: nn.Conv2d, images: int, epochs: int, seed: int) -> Fit:
    """Fit the detectors of all concepts, in place.

    Between the convolutions stand ReLUs; BatchNorms stand before these while they learn, and are folded in the end.
    The logit z_c of concept c at a position learns the share of it that c covers, by binary cross-entropy. Then
    ``readout`` is scaled such that relu(readout) is r_c = relu(z_c - t_c) / s_c: t_c is the threshold of the greatest
    F1 over positions, and s_c the standard deviation of the mean of relu(z_c - t_c) over an image.

    Parameters
    ----------
    convolutions, readout
        What is fitted; they run one after another.
    images
        Scenes that are drawn for it; one of `CHECKED` is not learnt from.
    epochs
        Passes over the others.
    seed
        Of scenes, weights and order.
    """
    frames, shares = _scenes(images, seed)
    checked = np.arange(images) % CHECKED == 0
    learning = _learning(convolutions, readout, seed)
    _learn(learning, frames[~checked], shares[~checked], epochs, seed)
    norms = [layer for layer in learning if isinstance(layer, nn.BatchNorm2d)]
    with torch.no_grad():
        for convolution, norm in zip(convolutions, norms, strict=True):
            _fold(convolution, norm)
        logits = torch.cat([learning(part) for part in frames.split(100)]).double().numpy()
        covered = shares.numpy() > 0.5
        limits = np.array([_limit(logits[~checked, c], covered[~checked, c]) for c in range(len(NAMES))])
        answers = np.maximum(logits - limits[:, None, None], 0)
        spread = np.maximum(answers.mean(axis=(2, 3)).std(axis=0), 1e-6)
        assert readout.bias is not None
        readout.bias.sub_(torch.from_numpy(limits)).div_(torch.from_numpy(spread))
        readout.weight.div_(torch.from_numpy(spread)[:, None, None, None])
    auprc = np.array([_precision(logits[checked, c], covered[checked, c]) for c in range(len(NAMES))])
    usual = [answers[:, c][covered[:, c]].mean() if covered[:, c].any() else 1 for c in range(len(NAMES))]
    return Fit(auprc, np.array(usual) / spread)


def covered_shares(concepts: dict[str, NDArray[np.uint8]]) -> torch.Tensor:
    """Give the share of each position that each concept covers: N x C x H x W of label maps N x S x S."""
    parts = [
        one_hot(torch.from_numpy(concepts[category]).long(), 1 + len(names))[..., 1:].permute(0, 3, 1, 2)
        for category, names in CONCEPTS.items()
    ]
    return avg_pool2d(torch.cat(parts, dim=1).float(), STRIDE)


def _scenes(images: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    frames, shares = [], []
    for drawing in draw(images, SIZE, seed):
        frames.append(drawing.image)
        shares.append(covered_shares({name: maps[None] for name, maps in drawing.concepts.items()}))
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255, torch.cat(shares)


def _learning(convolutions: list[nn.Conv2d], readout: nn.Conv2d, seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for convolution in convolutions:
        convolution.reset_parameters()
        layers += [convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU()]
    readout.reset_parameters()
    assert readout.bias is not None
    nn.init.constant_(readout.bias, RARE)
    return nn.Sequential(*layers, readout)


def _learn(model: nn.Sequential, frames: torch.Tensor, shares: torch.Tensor, epochs: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY)
    steps = math.ceil(epochs * (len(frames) // BATCH))
    course = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    for _ in range(epochs):
        order = torch.randperm(len(frames), generator=generator)
        for rows in order.split(BATCH)[: len(frames) // BATCH]:
            x, y = frames[rows], shares[rows]
            if torch.rand((), generator=generator) < 0.5:
                x, y = x.flip(3), y.flip(3)
            optimizer.zero_grad()
            binary_cross_entropy_with_logits(model(x), y).backward()
            optimizer.step()
            course.step()
    model.eval()


def _fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Put a BatchNorm in eval mode into the convolution before it, and make it do nothing."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    weight, bias = fuse_conv_bn_weights(
        convolution.weight, convolution.bias, mean, variance, norm.eps, norm.weight, norm.bias
    )
    convolution.weight.copy_(weight)
    assert convolution.bias is not None
    convolution.bias.copy_(bias)
    norm.reset_running_stats()
    norm.reset_parameters()
    norm.eps = 0.0


def _precision(logits: Floats, covered: NDArray[np.bool_]) -> float:
    return float(average_precision_score(covered.ravel(), logits.ravel())) if covered.any() else 0.0


def _limit(logits: Floats, covered: NDArray[np.bool_]) -> float:
    """Give the threshold of the greatest F1."""
    order = np.argsort(-logits, axis=None, kind="stable")
    hits = np.cumsum(covered.ravel()[order])
    return float(logits.ravel()[order][np.argmax(2 * hits / (np.arange(1, len(hits) + 1) + hits[-1]))])
