"""The settings of class activation maps."""

from pydantic import Field

from lucidag.ground.section import Count, Section


class CamBase(Section):
    """What a configuration and a job have in common."""

    batch_size: Count = Field(
        default=32, description="Masked images, or copies with a channel ablated, per forward pass."
    )


class Cam(CamBase):
    """Class activation maps."""

    layers: dict[str, str] = Field(
        default={},
        description="Model to the layer that is explained; default: the last layer with spatial extent.",
    )


class CamSettings(CamBase):
    """Class activation maps of one network."""

    layer: str | None = Field(default=None, description="The layer; null: the last one with spatial extent.")
