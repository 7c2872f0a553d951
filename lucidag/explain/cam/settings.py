"""The settings of class activation maps."""

from pydantic import Field

from lucidag.ground.section import Count, Section


class ScoreCamSettings(Section):
    """Score-CAM: exact, or in less time."""

    channels: Count | None = Field(
        default=None,
        description="How many channels are scored, those with most activation; the others count nothing, and a note of "
        "the map says so. null: all of them, which is exact.",
    )


class CamBase(Section):
    """What a configuration and a job have in common."""

    batch_size: Count = Field(
        default=32, description="Masked images, or copies with a channel ablated, per forward pass."
    )
    score_cam: ScoreCamSettings = Field(default=ScoreCamSettings(), description="Settings of Score-CAM alone.")


class Cam(CamBase):
    """Class activation maps."""

    layers: dict[str, str] = Field(
        default={},
        description="Model to the layer that is explained; default: the last layer with spatial extent.",
    )


class CamSettings(CamBase):
    """Class activation maps of one network."""

    layer: str | None = Field(default=None, description="The layer; null: the last one with spatial extent.")
