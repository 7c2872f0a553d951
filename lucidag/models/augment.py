"""Random changes of training images, from torchvision's v2 transforms, by name."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from lucidag.ground.errors import InputError
from lucidag.ground.spelling import nearest
from lucidag.models.reproducible import mix, seeded

if TYPE_CHECKING:
    from torchvision.transforms import v2

Augmentation = str | Mapping[str, Mapping[str, Any] | None]


def build_augmentation(steps: Sequence[Augmentation], shape: Sequence[int]) -> "v2.Transform | None":
    """Chain transforms by their names in ``torchvision.transforms.v2``.

    Parameters
    ----------
    steps
        Names, or one-entry mappings of a name to its keyword arguments, such as
        ``{"RandomRotation": {"degrees": 15}}``; applied in this order.
    shape
        (channels, height, width) of a frame; the chain must keep it.

    Returns
    -------
    None for no steps.

    Raises
    ------
    InputError
        For an unknown name, arguments that the transform refuses, or a chain that does not give a uint8
        frame of the same shape.
    """
    if not steps:
        return None
    from torchvision.transforms import v2  # here, as it takes seconds

    chain = v2.Compose([_transform(step) for step in steps])
    probe = torch.zeros(*shape, dtype=torch.uint8)
    try:
        with seeded(0):
            result = chain(probe)
    except Exception as error:  # whatever a transform raises, it refuses our frames
        raise InputError(f"augment: the transforms refuse a uint8 frame: {error}") from error
    if not isinstance(result, torch.Tensor) or result.shape != probe.shape or result.dtype != probe.dtype:
        raise InputError(
            f"augment: the transforms must turn a uint8 frame of shape {tuple(probe.shape)} into another one; "
            f"they give {getattr(result, 'dtype', type(result).__name__)} {tuple(getattr(result, 'shape', ()))}"
        )
    return chain


def augment(frames: torch.Tensor, rows: Sequence[int], chain: "v2.Transform", seed: int, epoch: int) -> torch.Tensor:
    """Change each frame of a batch; what happens to a frame depends on (seed, epoch, its row) alone."""
    changed = []
    for frame, row in zip(frames, rows, strict=True):
        with seeded(mix(seed, epoch, int(row))):
            changed.append(chain(frame))
    return torch.stack(changed)


def _transform(step: Augmentation) -> "v2.Transform":
    from torchvision.transforms import v2

    name, arguments = _name_and_arguments(step)
    known = [
        key
        for key, value in vars(v2).items()
        if isinstance(value, type) and issubclass(value, v2.Transform) and value is not v2.Transform
    ]
    if name not in known:
        raise InputError(f"augment: '{name}' is no transform of torchvision.transforms.v2{nearest(name, known)}")
    try:
        transform: v2.Transform = getattr(v2, name)(**arguments)
    except (TypeError, ValueError) as error:
        raise InputError(f"augment: {name} refuses {dict(arguments)}: {error}") from error
    return transform


def _name_and_arguments(step: Augmentation) -> tuple[str, Mapping[str, Any]]:
    if isinstance(step, str):
        return step, {}
    if not isinstance(step, Mapping) or len(step) != 1:
        raise InputError(f"augment: {step!r} must be a name, or one name with its arguments")
    ((name, arguments),) = step.items()
    return name, arguments or {}
