"""What a configuration file may say about layer-wise relevance propagation (LRP) and conditional relevance (CRP)."""

from typing import Literal

from pydantic import Field, model_validator

from lucidag.ground.section import Count, Section, Split

Composite = Literal["epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1"]


class Atlas(Section):
    """A concept atlas: the units that a decision rests on, where each is, and its reference images."""

    composite: Composite = Field(default="epsilon_plus_flat", description="Rules of conditional relevance.")
    layers: dict[str, str] = Field(default={}, description="Model to the layer whose units are shown; default: layer4.")
    images: Count = Field(default=1, description="So many of the explained images of a model get an atlas.")
    units: Count = Field(default=6, description="Units of a decision, the most relevant first.")
    examples: Count = Field(default=4, description="Reference images of each kind for each unit.")
    splits: list[Split] = Field(
        default=["test"], description="Splits that the reference images come from.", min_length=1
    )
    targets: Literal["predicted", "label"] = Field(
        default="predicted", description="The class whose relevance chooses reference images."
    )
    top: Count = Field(default=40, description="Reference images that are kept of each unit.")


class Relevance(Section):
    """Relevance of pixels and of units to the explained class, for the images that `explain` names."""

    models: list[str] | None = Field(default=None, description="Models, of those explained; default: all of them.")
    composites: list[Composite] = Field(
        default=["epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1"],
        description="Sets of rules, in the order of the figure.",
        min_length=1,
    )
    batch_size: Count = Field(default=16, description="Images a step.")
    atlas: Atlas | None = Field(default=Atlas(), description="Concept atlas; null: none.")

    @model_validator(mode="after")
    def _once(self) -> "Relevance":
        if len(set(self.composites)) < len(self.composites):
            raise ValueError("composites names one twice")
        return self


DEFAULT_LAYER = "layer4"
