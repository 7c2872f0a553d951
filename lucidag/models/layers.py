"""The layers of a network that say where: modules and functions whose output has a map for each unit."""

from collections.abc import Mapping
from dataclasses import dataclass

from lucidag.models.layout import POOLS, channel_axis
from lucidag.models.steps import IMAGE, Steps


@dataclass(frozen=True)
class Layer:
    """What one step of a network gives.

    Attributes
    ----------
    name
        Of several modules that give this very tensor and run once, the outermost (``layer4`` of a ResNet); of none,
        that of the step (``relu_1``).
    place
        Of the step.
    shape
        Of its output, for one image.
    axis
        Which axis of that holds the units; None where nothing tells.
    trunk
        Whether every path from the image to the logits goes through it.
    pooling
        Whether it only makes maps smaller or larger.
    """

    name: str
    place: int
    shape: tuple[int, ...]
    axis: int | None
    trunk: bool
    pooling: bool

    def gives_maps(self) -> bool:
        """Tell whether it gives N x K x H x W with H * W above 1."""
        return self.axis == 1 and len(self.shape) == 4 and self.shape[2] * self.shape[3] > 1

    def gives_tokens(self) -> bool:
        """Tell whether it gives N x T x D."""
        return self.axis == 2 and len(self.shape) == 3

    def described(self) -> str:
        """Say what it gives, for an error."""
        where = "which of its axes holds the units cannot be told from what takes it"
        if self.axis is not None and self.axis != 1:
            where = f"its units are in axis {self.axis}"
        return f"a tensor of shape {self.shape}" + (f" ({where})" if len(self.shape) > 2 and self.axis != 1 else "")


def layers_of(steps: Steps) -> list[Layer]:
    """List what the steps on a path from the image to the logits give, in forward order."""
    names = module_names(steps)
    return [_layer(steps, place, names) for place in sorted(steps.between)]


def layer_at(steps: Steps, place: int) -> Layer:
    """Say what one step gives."""
    return _layer(steps, place, module_names(steps))


def _layer(steps: Steps, place: int, names: Mapping[int, str]) -> Layer:
    step = steps.steps[place]
    return Layer(
        name=names.get(place, step.name),
        place=place,
        shape=step.shape,
        axis=channel_axis(steps, place),
        trunk=place in steps.trunk,
        pooling=step.function.endswith(POOLS),
    )


def module_names(steps: Steps) -> dict[int, str]:
    """Give by place the outermost module that gives a step's output and runs once."""
    found: dict[int, str] = {}
    for name, places in steps.outputs.items():
        if len(places) == 1 and places[0] not in (None, IMAGE):
            found[places[0]] = min(found.get(places[0], name), name, key=lambda each: each.count("."))
    return found
