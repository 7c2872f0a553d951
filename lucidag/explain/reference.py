"""What the library that has a method of its own says of an image, beside what is stored of it here."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.subjects import Subject
from lucidag.models.inputs import Inputs

# An effect on the class's logit is a difference of logits: below this share of the greatest one, rounding is not small.
STEADY = 1e-3
# Below this share, single precision leaves an effect fewer than five digits.
SLIGHT = 1e-2


def faint(what: str, effect: float, greatest: float) -> str:
    """Say that rounding moves a map of effects; "" where it does not.

    Parameters
    ----------
    what
        What has the effects: a channel, a window.
    effect, greatest
        The greatest of the effects on the class's logit, and the greatest size of a logit.
    """
    if effect >= STEADY * greatest:
        return ""
    return f"no {what} changes the class's logit by a thousandth of the greatest: rounding moves the map"


def slight(effect: float, greatest: float) -> bool:
    """Say whether rounding shows in a comparison of effects in single precision; arguments as of `faint`."""
    return effect < SLIGHT * greatest


class NoReferenceError(Exception):
    """A library cannot explain this network or this image; the sentence says why."""


@dataclass(frozen=True)
class Case:
    """An image whose explanation is checked.

    Attributes
    ----------
    model
        A copy of the network, in eval mode and on the device where its maps were made; a library may change it.
    inputs
        How an image becomes the network's input.
    subject
        The image, in the frame that the network sees.
    pixels
        The same as the network takes it, float 1 x C x S x S, on the device.
    target
        The class that was explained.
    record
        What is stored of the image with its map: the ``layer`` of a class activation map, the ``settings`` of LIME.
    segments
        int S x S, the superpixels that are stored; None where there are none.
    batch_size
        How many images may run at once.
    """

    model: nn.Module
    inputs: Inputs
    subject: Subject
    pixels: torch.Tensor
    target: int
    record: Mapping[str, Any] = field(default_factory=dict)
    segments: NDArray[np.int32] | None = None
    batch_size: int = 32

    def in_double(self) -> "Case":
        """Return the same image and a copy of the network in double precision."""
        return replace(self, model=copy.deepcopy(self.model).double(), pixels=self.pixels.double())

    @property
    def x(self) -> torch.Tensor:
        """A copy of `pixels`, as a network may change its image in place."""
        return self.pixels.detach().clone()


@dataclass(frozen=True)
class Reference:
    """A library's map of an image.

    Attributes
    ----------
    map
        S x S.
    ours
        The map of this project, made anew with the same fewer samples or channels; None: the stored one counts.
    note
        What is to be known of the comparison: how many samples or channels, what the library was told.
    other
        Another map that the library could as well have given, as where a sign is arbitrary; the nearer one counts.
    precise
        Whether `ours` is the stored map in double precision; a stored one that is far from it counts itself.
    unsteady
        Why rounding alone may change the map at will, if so: then a great difference is no fault, and this is said.
    """

    map: NDArray[np.floating]
    ours: NDArray[np.floating] | None = None
    note: str = ""
    other: NDArray[np.floating] | None = None
    unsteady: str = ""
    precise: bool = False
