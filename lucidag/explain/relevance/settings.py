"""The settings of layer-wise relevance propagation (LRP) and conditional relevance (CRP)."""

from typing import ClassVar, Literal

from pydantic import Field

from lucidag.ground.section import Count, Section, Split

Composite = Literal[
    "epsilon_plus_flat", "epsilon_gamma_box", "epsilon_unsigned_gamma_box", "epsilon_alpha2_beta1", "attn_lrp"
]


class Lrp(Section):
    """Layer-wise relevance propagation."""

    batch_size: Count = Field(default=16, description="Images per step, where a study asks about several.")


class Atlas(Section):
    """A concept atlas: the units that a decision rests on, where each is, and its reference images."""

    jobs: ClassVar = {
        "relevance_references": ("composite", "splits", "targets", "top"),
        "relevance_atlas": ("composite", "splits", "units", "examples"),
        "explanation_checks": ("composite",),
    }

    composite: Composite = Field(default="epsilon_plus_flat", description="Rules of conditional relevance.")
    layers: dict[str, str] = Field(
        default={},
        description="Model to the layer whose units are shown; default: the last block that is found in the network, "
        "of ResNets layer4.",
    )
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
    """Relevance of units to the explained class, for the images that `explain` names."""

    jobs: ClassVar = {"relevance_references": ("batch_size",)}

    models: list[str] | None = Field(default=None, description="Models, of those explained; default: all of them.")
    batch_size: Count = Field(default=16, description="Images per step.")
    atlas: Atlas | None = Field(default=Atlas(), description="Concept atlas; null: none.")
