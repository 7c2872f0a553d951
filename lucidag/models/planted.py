"""A classifier of drawn scenes in whose last hidden layer units of known kinds stand beside trained ones.

In front of the last layer stand U = T + P channels, at 16 x 16 positions of an image of 64 pixels: T trained ones and P
planted ones. With r_c >= 0 the map of concept c (`lucidag.models.planted_fit.fit_detectors`), whose mean over an image
has standard deviation 1, and n_j a map of noise, the map of a planted unit is relu of

    pure, shortcut  r_c - l u_c           l: `Plants.least`, u_c: the usual r_c where the concept is
    two-concept     r_c + r_d
    redundant       r_c - l u_c + a n_j   a: such that the correlation with the unit that is copied is about `ALIKE`
    dead            r_c - 1000 u_c
    noise           n_j

n_j = (v - 1/2) / sd(v) with v the value of a single pixel, a weighted mean of its colours, after `FOLDS` tents
t(v) = 2 relu(v) - 4 relu(v - 1/2): these fold the range of 256 values so often that the grain of the image alone is
left. One pixel is taken of each of 4 x 4 fields of the image, and sd is that of the mean over these. All is made of
convolutions and ReLUs. The column of a planted unit in the last layer is `strength` for the class that it acts on, and
0 else; it never changes, as its gradients are 0. All else is trained around it.
"""

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType

import numpy as np
import torch
from torch import nn

from lucidag.data.scenes import CONCEPTS
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown
from lucidag.models.planted_fit import STRIDE, fit_detectors
from lucidag.models.planted_units import (
    COUNTS,
    DEAD,
    NAMES,
    NOISE,
    NONE,
    REDUNDANT,
    SIZE,
    Plants,
    draw_plants,
    kinds_of,
)
from lucidag.models.reproducible import mix, reproducible

FOLDS, FIELDS, COARSE = 9, 16, 4  # tents one after another, maps of noise, and positions that one value is for
ALIKE = 0.9
OFF = 1000.0


class Planted(nn.Module):
    """See the module.

    Attributes
    ----------
    trunk
        What is trained: it gives T channels.
    detector, noise
        What gives r_c and n_j.
    plant
        A 1 x 1 convolution of these: the planted units, before their ReLU.
    units
        The layer of all units, trained ones first.
    fc
        The last layer.
    """

    def __init__(
        self,
        num_classes: int,
        width: int,
        detail: int,
        label: str,
        shortcuts: Mapping[str, str],
        counts: Mapping[str, int],
        strength: float,
        floor: float,
        images: int,
        epochs: int,
    ) -> None:
        super().__init__()
        if label not in CONCEPTS:
            raise ValueError(unknown("category of concepts", label, CONCEPTS))
        self._asked = (label, dict(shortcuts), dict(counts), strength, floor, images, epochs)
        self.trunk = _trunk(width)
        self.detector = _detector(detail)
        self.noise = _noise()
        planted = len(kinds_of(counts))
        self.plant = nn.Conv2d(len(NAMES) + FIELDS, planted, 1)
        self.units = nn.ReLU()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(width + planted, num_classes)
        for each in fields(Plants):
            kind = torch.float64 if each.name == "least" else torch.int64
            self.register_buffer(each.name, torch.full((planted,), NONE, dtype=kind))
        self.register_buffer("auprc", torch.zeros(len(NAMES), dtype=torch.float64))
        self.fc.weight.register_hook(lambda gradient: _trained_alone(gradient, width))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give the N x C logits of N x 3 x 64 x 64 images of values from 0 to 1."""
        planted = self.plant(torch.cat([self.detector(images), self.noise(images)], dim=1))
        maps = self.units(torch.cat([self.trunk(images), planted], dim=1))
        logits: torch.Tensor = self.fc(self.avgpool(maps).flatten(1))
        return logits

    def prepare(self, seed: int, threads: int) -> None:
        """Build what is planted; all draws come from `seed`."""
        label, shortcuts, counts, strength, floor, images, epochs = self._asked
        if self.fc.out_features != len(CONCEPTS[label]):
            raise InputError(
                f"options: label '{label}' has {len(CONCEPTS[label])} classes, and the data set {self.fc.out_features}"
            )
        convolutions = [layer for layer in self.detector if isinstance(layer, nn.Conv2d)]
        with reproducible("cpu", threads):
            fit = fit_detectors(convolutions[:-1], convolutions[-1], images, epochs, mix(seed, 0))
        plants = draw_plants(counts, np.flatnonzero(fit.auprc >= floor).tolist(), label, shortcuts, mix(seed, 1))
        with torch.no_grad():
            self.get_buffer("auprc").copy_(torch.from_numpy(fit.auprc))
            for each in fields(Plants):
                self.get_buffer(each.name).copy_(torch.from_numpy(getattr(plants, each.name)))
            _set_noise(self.noise, mix(seed, 2))
            weight, bias = planted_weights(plants, fit.usual)
            self.plant.weight.copy_(torch.from_numpy(weight)[:, :, None, None])
            self.plant.bias.copy_(torch.from_numpy(bias))  # type: ignore[union-attr]
            width = self.fc.in_features - len(plants.kind)
            self.fc.weight[:, width:] = 0
            used = np.flatnonzero(plants.acts_on != NONE)
            self.fc.weight[plants.acts_on[used], width + used] = strength
        for part in (self.detector, self.noise, self.plant):
            part.requires_grad_(False)

    def plants(self) -> Plants:
        """Give what is planted."""
        return Plants(**{each.name: self.get_buffer(each.name).cpu().numpy() for each in fields(Plants)})


def make(
    num_classes: int,
    width: int = 32,
    detail: int = 24,
    label: str = "object",
    shortcuts: Mapping[str, str] = MappingProxyType({}),
    units: Mapping[str, int] = COUNTS,
    strength: float = 0.5,
    floor: float = 0.8,
    images: int = 1800,
    epochs: int = 24,
) -> nn.Module:
    """Build a `Planted`, which plants its units when its training begins.

    Parameters
    ----------
    num_classes
        The number of classes, as many as `label` has names.
    width
        The number of trained units.
    detail
        Channels of the detectors' first layer.
    label
        What the classes are, a category of `lucidag.data.scenes.CONCEPTS`.
    shortcuts
        Class to the concept that its shortcut units answer to.
    units
        Kind to the number of planted units.
    strength
        Of their weights in the last layer.
    floor
        The least average precision of a detector whose concept is planted.
    images, epochs
        Scenes that detectors learn from, and passes over them.
    """
    return Planted(num_classes, width, detail, label, shortcuts, units, strength, floor, images, epochs)


def planted_weights(plants: Plants, usual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give weights P x (C + `FIELDS`) and biases P of the convolution that plants, by the formulas of this module."""
    kinds = plants.kinds()
    weight, bias = np.zeros((len(kinds), len(NAMES) + FIELDS)), np.zeros(len(kinds))
    share = float(np.sqrt(1 / ALIKE**2 - 1))
    for unit, kind in enumerate(kinds):
        first, second = plants.first[unit], plants.second[unit]
        for place in (first, second):
            if place != NONE:
                weight[unit, place] = 1
        if first != NONE:
            bias[unit] = -plants.least[unit] * usual[first]
        noisy = len(NAMES) + unit % FIELDS
        if kind == DEAD:
            bias[unit] = -OFF * usual.max()
        elif kind == NOISE:
            weight[unit, noisy] = 1
        elif kind == REDUNDANT:
            weight[unit, noisy] = share
    return weight, bias


def _trained_alone(gradient: torch.Tensor, width: int) -> torch.Tensor:
    kept = gradient.clone()
    kept[:, width:] = 0
    return kept


def _trunk(width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inside, outside, stride in ((3, 16, 2), (16, width, 2), (width, width, 1)):
        layers += [nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _detector(detail: int) -> nn.Sequential:
    """Build convolutions with ReLUs between, the last two dilated, so that a position sees most of an object."""
    layers: list[nn.Module] = []
    wide = 2 * detail
    steps = ((3, detail, 2, 1), (detail, wide, 2, 1), (wide, wide, 1, 1), (wide, wide, 1, 2), (wide, wide, 1, 2))
    for inside, outside, stride, far in steps:
        layers += [nn.Conv2d(inside, outside, 3, stride, far, far), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(wide, len(NAMES), 1), nn.ReLU())


def _noise() -> nn.Sequential:
    folds: list[nn.Module] = []
    for _ in range(FOLDS):
        folds += [nn.Conv2d(FIELDS, 2 * FIELDS, 1), nn.ReLU(), nn.Conv2d(2 * FIELDS, FIELDS, 1)]
    sampled = nn.Conv2d(3, FIELDS, 1, STRIDE * COARSE)
    return nn.Sequential(sampled, *folds, nn.Conv2d(FIELDS, FIELDS, 1), nn.Upsample(scale_factor=COARSE))


def _set_noise(noise: nn.Sequential, seed: int) -> None:
    """Set the weights of the tents; the last step takes the mean off and scales by the spread over an image's mean."""
    first, *folds, last = [layer for layer in noise if isinstance(layer, nn.Conv2d)]
    one = torch.eye(FIELDS)
    first.weight.copy_(torch.from_numpy(np.random.default_rng(seed).dirichlet(np.ones(3), FIELDS))[:, :, None, None])
    nn.init.zeros_(first.bias)  # type: ignore[arg-type]
    for halves, joined in zip(folds[::2], folds[1::2], strict=True):
        halves.weight.copy_(torch.cat([one, one])[:, :, None, None])
        halves.bias.copy_(torch.cat([torch.zeros(FIELDS), torch.full((FIELDS,), -0.5)]))  # type: ignore[union-attr]
        joined.weight.copy_(torch.cat([2 * one, -4 * one], dim=1)[:, :, None, None])
        nn.init.zeros_(joined.bias)  # type: ignore[arg-type]
    scale = np.sqrt(12) * SIZE / (STRIDE * COARSE)  # a uniform value has the variance 1/12
    last.weight.copy_((scale * one)[:, :, None, None])
    nn.init.constant_(last.bias, -0.5 * scale)  # type: ignore[arg-type]
