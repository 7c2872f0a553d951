"""The settings of LIME as plain data: they can be written, read, drawn and handed to another process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown

KEYS = ("segmentation", "hide_color", "num_features", "num_samples", "top_labels", "kernel_width", "seed")


@dataclass(frozen=True)
class LimeSettings:
    """How LIME explains an image.

    Attributes
    ----------
    algorithm, parameters
        How superpixels are found, see `lucidag.explain.lime.segments.segment`.
    hide_color
        What hides a superpixel: None for its own mean colour, a grey value, or one value a channel (0 to 255).
    num_features
        How many superpixels the regression keeps: up to 6 by forward selection, more by highest weights.
    num_samples
        The rows of the neighbourhood; the first is the image itself.
    top_labels
        So many most probable classes are explained.
    kernel_width
        Of the exponential kernel on the cosine distance of the masks.
    seed
        Of the masks, and handed to the segmentation.

    Raises
    ------
    InputError
        If a value is outside of what is allowed.
    """

    algorithm: str = "quickshift"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    hide_color: int | tuple[int, ...] | None = None
    num_features: int = 8
    num_samples: int = 300
    top_labels: int = 1
    kernel_width: float = 0.25
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("num_features", 1), ("num_samples", 2), ("top_labels", 1)):
            if getattr(self, name) < least:
                raise InputError(f"lime: {name} is {getattr(self, name)}; it must be at least {least}")
        if not self.kernel_width > 0:
            raise InputError(f"lime: kernel_width is {self.kernel_width}; it must be above 0")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"lime: seed is {self.seed}; allowed are 0 to {2**32 - 1}")
        values = () if self.hide_color is None else self.hide_color
        if any(not 0 <= value <= 255 for value in (values if isinstance(values, tuple) else (values,))):
            raise InputError(f"lime: hide_color is {self.hide_color}; allowed are values of 0 to 255")

    def to_json(self) -> dict[str, Any]:
        """Give plain values in the shape of the configuration's ``lime`` section; `from_json` reads them."""
        colour = self.hide_color
        return {
            "segmentation": {"algorithm": self.algorithm, **self.parameters},
            "hide_color": list(colour) if isinstance(colour, tuple) else colour,
            **{key: getattr(self, key) for key in KEYS[2:]},
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "LimeSettings":
        """Read what `to_json` gave; a key that is absent has its default.

        Raises
        ------
        InputError
            If a key does not exist or a value is outside of what is allowed.
        """
        for key in value:
            if key not in KEYS:
                raise InputError(f"lime: {unknown('key', key, KEYS)}")
        words = {key: value[key] for key in KEYS[1:] if key in value}
        if isinstance(words.get("hide_color"), list):
            words["hide_color"] = tuple(words["hide_color"])
        parameters = dict(value.get("segmentation", {}))
        algorithm = parameters.pop("algorithm", "quickshift")
        return LimeSettings(algorithm=algorithm, parameters=parameters, **words)
