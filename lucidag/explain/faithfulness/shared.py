"""What all explanations of one image are measured against, computed once."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.explain.blank import baseline
from lucidag.explain.faithfulness.settings import NOISE, FaithfulnessSettings
from lucidag.explain.scores import Scores, device_of, scores
from lucidag.ground.statistics.ranks import tie_seed


class Shared:
    """One image: its noise, its perturbations and what the network says of them, each when it is first asked for.

    Parameters
    ----------
    model
        A classifier in eval mode, as `lucidag.models.fast.accelerate` gives it.
    image, x, target
        The image's id, the normalised image (float C x S x S) and the class.
    std
        What the image was divided by when it was normalised.
    settings
        How.
    """

    def __init__(
        self,
        model: nn.Module,
        image: str,
        x: torch.Tensor,
        target: int,
        std: Sequence[float],
        settings: FaithfulnessSettings,
    ) -> None:
        self.x = x.detach().cpu().float()
        self.image, self.target, self.settings = image, target, settings
        self.device = device_of(model)
        self._model, self._std = model, std

    def scores(self, images: Iterator[torch.Tensor]) -> Scores:
        """Run images (each C x S x S) through the network."""
        return scores(self._model, images, self.target, self.settings.batch_size)

    @cached_property
    def ends(self) -> Scores:
        """Of the image, and of its baseline."""
        return self.scores(iter((self.x, self.baseline)))

    @cached_property
    def baseline(self) -> torch.Tensor:
        """What takes the place of pixels, C x S x S."""
        return baseline(self.x, self.settings.baseline, self.settings.blur)

    def noise(self, draws: int) -> Iterator[torch.Tensor]:
        """Draw noise of the image's shape, the same on each call."""
        seed = tie_seed(self.settings.seed, self.image, "noise")
        return uniform_noise(tuple(self.x.shape), self.settings.radius, self._std, draws, seed)

    def noisy(self) -> Iterator[torch.Tensor]:
        """Give the images of the sensitivity, float B x C x S x S, in batches."""
        images = torch.stack([self.x + each for each in self.noise(self.settings.sensitivity_samples)])
        return iter(images.split(self.settings.batch_size))

    @cached_property
    def perturbations(self) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """The weights (N x S x S) and drops of the logit (N): see `lucidag.explain.faithfulness.perturbation`."""
        weights: list[NDArray[np.float32]] = []

        def images() -> Iterator[torch.Tensor]:
            for weight, pixels in self._added() if self.settings.perturbation == NOISE else self._replaced():
                weights.append(weight)
                yield pixels

        logits = self.scores(images()).logit
        return np.stack(weights), self.ends.logit[0] - logits

    def _added(self) -> Iterator[tuple[NDArray[np.float32], torch.Tensor]]:
        for each in self.noise(self.settings.infidelity_samples):
            yield -each.sum(dim=0).numpy(), self.x + each

    def _replaced(self) -> Iterator[tuple[NDArray[np.float32], torch.Tensor]]:
        settings, size = self.settings, self.x.shape[-1]
        seed = tie_seed(settings.seed, self.image, "squares")
        for rows, columns in random_squares(size, settings.largest_square, settings.infidelity_samples, seed):
            weight = np.zeros((size, size), dtype=np.float32)
            weight[rows, columns] = 1
            pixels = self.x.clone()
            pixels[:, rows, columns] = self.baseline[:, rows, columns]
            yield weight, pixels

    @cached_property
    def road_noise(self) -> torch.Tensor:
        """The noise on imputed pixels, C x S x S."""
        seed = tie_seed(self.settings.seed, self.image, "road")
        drawn = np.random.default_rng(seed).standard_normal(tuple(self.x.shape))
        return torch.from_numpy((drawn * self.settings.road_noise).astype(np.float32))


def uniform_noise(
    shape: tuple[int, ...], radius: float, std: Sequence[float], draws: int, seed: Sequence[int]
) -> Iterator[torch.Tensor]:
    """Draw noise from the ball of the maximum norm; the first draws are the same whatever their number.

    Parameters
    ----------
    shape
        C, S, S.
    radius
        Of the ball, as a share of the range from black to white.
    std
        What the images were divided by when they were normalised, one number or one per channel: that range is
        1 / std wide.
    draws
        Number of draws.
    seed
        Of the draws.

    Yields
    ------
    float32 C x S x S
    """
    generator = np.random.default_rng(seed)
    widths = radius / np.asarray(std, dtype=np.float32).reshape(-1, 1, 1)
    for _ in range(draws):
        yield torch.from_numpy(generator.uniform(-1, 1, shape).astype(np.float32) * widths)


def random_squares(size: int, largest: float, draws: int, seed: Sequence[int]) -> Iterator[tuple[slice, slice]]:
    """Draw squares inside the frame, their sides from 1 pixel to `largest` (a share of `size`), all equally likely."""
    generator = np.random.default_rng(seed)
    most = max(1, round(largest * size))
    for _ in range(draws):
        side = int(generator.integers(1, most + 1))
        top, left = (int(each) for each in generator.integers(0, size - side + 1, 2))
        yield slice(top, top + side), slice(left, left + side)
