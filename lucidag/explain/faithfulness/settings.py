"""How explanations are measured, as plain data."""

import json
from dataclasses import dataclass

from lucidag.explain.faithfulness.metrics import (
    DELETION,
    INFIDELITY,
    INSERTION,
    METRICS,
    RANDOMISATION,
    ROAD,
    SENSITIVITY,
)
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown

SQUARE, NOISE = "square", "noise"
BLUR, MEAN = "blur", "mean"
COUNTS = ("sensitivity_samples", "infidelity_samples", "steps", "randomisation_steps", "batch_size")

FIELDS = {
    SENSITIVITY: ("radius", "sensitivity_samples", "seed"),
    INFIDELITY: ("perturbation", "infidelity_samples", "seed"),
    DELETION: ("baseline", "steps", "seed"),
    INSERTION: ("baseline", "steps", "seed"),
    ROAD: ("shares", "road_noise", "seed"),
    RANDOMISATION: ("randomisation_steps", "seed"),
}
BY_PERTURBATION = {SQUARE: ("largest_square", "baseline"), NOISE: ("radius",)}


@dataclass(frozen=True)
class FaithfulnessSettings:
    """The settings of all metrics.

    Attributes
    ----------
    metrics
        Which ones, of `lucidag.explain.faithfulness.metrics.METRICS`.
    radius
        Of the noise: each value of an image moves by at most this share of the range from black to white.
    sensitivity_samples, infidelity_samples
        How many images with noise, and how many perturbed images.
    perturbation
        Of infidelity: ``square`` puts the baseline in a random square, ``noise`` adds the noise of the sensitivity.
    largest_square
        Its greatest side as a share of the image's.
    baseline
        What takes the place of a pixel: ``blur``, the blurred image, or ``mean``, its mean colour.
    blur
        Standard deviation of the blur as a share of the image's side.
    steps
        Of insertion and deletion: the parts in which the pixels change.
    shares
        Of ROAD: the shares of the pixels that are imputed.
    road_noise
        Standard deviation of the noise on imputed pixels, in normalised units, as in pytorch-grad-cam.
    randomisation_steps
        How many networks the randomisation goes through.
    seed
        Of every random draw.
    batch_size
        The most images at one time; it changes the values by rounding only.

    Raises
    ------
    InputError
        If a value is outside of what is allowed.
    """

    metrics: tuple[str, ...] = METRICS
    radius: float = 0.02
    sensitivity_samples: int = 10
    perturbation: str = SQUARE
    infidelity_samples: int = 100
    largest_square: float = 0.35
    baseline: str = BLUR
    blur: float = 0.1
    steps: int = 20
    shares: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9)
    road_noise: float = 0.01
    randomisation_steps: int = 5
    seed: int = 0
    batch_size: int = 32

    def __post_init__(self) -> None:
        for metric in self.metrics:
            if metric not in METRICS:
                raise InputError(f"faithfulness: {unknown('metric', metric, METRICS)}")
        for name, allowed in (("perturbation", (SQUARE, NOISE)), ("baseline", (BLUR, MEAN))):
            if getattr(self, name) not in allowed:
                raise InputError(f"faithfulness: {unknown(name, getattr(self, name), allowed)}")
        for name in COUNTS:
            if getattr(self, name) < 1:
                raise InputError(f"faithfulness: {name} is {getattr(self, name)}; it must be at least 1")
        for name in ("radius", "blur"):
            if not getattr(self, name) > 0:
                raise InputError(f"faithfulness: {name} is {getattr(self, name)}; it must be above 0")
        if not 0 < self.largest_square <= 1:
            raise InputError(f"faithfulness: largest_square is {self.largest_square}; allowed: above 0, at most 1")
        if not self.shares or any(not 0 < share < 1 for share in self.shares):
            raise InputError(f"faithfulness: shares are {list(self.shares)}; allowed: numbers between 0 and 1")
        if self.road_noise < 0 or self.seed < 0:
            raise InputError("faithfulness: road_noise and seed must not be below 0")

    def of(self, metric: str) -> str:
        """Give as JSON the settings that the values of a metric depend on."""
        names = FIELDS[metric] + (BY_PERTURBATION[self.perturbation] if metric == INFIDELITY else ())
        if "baseline" in names and self.baseline == BLUR:
            names += ("blur",)
        return json.dumps({name: getattr(self, name) for name in names})
