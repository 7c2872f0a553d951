"""An explanation method as a function, so that it can be asked about a changed image or a changed network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lucidag.ground.errors import InputError

Maps = dict[str, NDArray[np.float64]]
Function = Callable[[torch.Tensor, int], Mapping[str, ArrayLike | torch.Tensor]]


class NoMapError(InputError):
    """A method cannot explain this image, though it can explain others: the sentence says why."""


@dataclass(frozen=True)
class Explainer:
    """One or several methods that explain the same images in one go.

    Attributes
    ----------
    methods
        Their names.
    function
        From normalised images (float B x C x S x S) and a class to one map an image (B x S x S) of each method, more
        where the evidence for the class is greater. Methods that share forward passes belong in one such function.
    by_image
        From an image's id to such a function whose random draws are that image's own; None where nothing is drawn.
    """

    methods: tuple[str, ...]
    function: Function
    by_image: Callable[[str], Function] | None = None

    def of(self, image: str) -> "Explainer":
        """Return what explains one image; where nothing is drawn at random that is the same for all."""
        return self if self.by_image is None else replace(self, function=self.by_image(image))

    def __call__(self, x: torch.Tensor, target: int) -> Maps:
        """Explain images: float64 B x S x S by method.

        Gradients are on whatever the caller has set, because there are callers (captum) that switch them off.

        Raises
        ------
        InputError
            If a method gives no map, one of another size, or NaN or infinity.
        """
        with torch.enable_grad():
            found = self.function(x.clone(), target)
        return {method: _checked(method, found.get(method), (len(x), *x.shape[2:])) for method in self.methods}


def single(
    method: str,
    function: Callable[[torch.Tensor, int], Any],
    by_image: Callable[[str], Callable[[torch.Tensor, int], Any]] | None = None,
) -> Explainer:
    """Make an explainer of one method from a function that gives its maps (B x S x S); `by_image` as its own."""

    def named(maps: Callable[[torch.Tensor, int], Any]) -> Function:
        return lambda x, target: {method: maps(x, target)}

    return Explainer((method,), named(function), None if by_image is None else lambda image: named(by_image(image)))


def _checked(method: str, values: ArrayLike | torch.Tensor | None, shape: tuple[int, ...]) -> NDArray[np.float64]:
    if values is None:
        raise InputError(f"method '{method}' gave no map")
    found = np.asarray(values.detach().cpu() if isinstance(values, torch.Tensor) else values, dtype=np.float64)
    if found.shape != shape:
        words = " x ".join(map(str, found.shape))
        raise InputError(f"method '{method}' gave maps of {words}; it must give {' x '.join(map(str, shape))}")
    if not np.isfinite(found).all():
        raise InputError(f"method '{method}' gave a map with NaN or infinity")
    return found
