"""What a configuration file may say about units: the concepts that they detect.

`Dissect` is the section; the classes that it is made of are what its stages take.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from lucidag.ground.section import DRAWS, MOST, Count, Level, Section, Seed, Shards, Split, Unique
from lucidag.units.names import ANNOTATIONS, CLIP_DISSECT, NETDISSECT

Similarity = Literal["soft_wpmi", "wpmi", "rank", "cosine", "cosine_cubed"]


class Describing(Section):
    """How the concept of a unit is found that its top images have in common: by CLIP-Dissect or by annotations."""

    evidence: Literal["clip", "annotations"] = Field(
        default="clip", description="What tells which concepts an image shows: a CLIP, or the probe set's own labels."
    )
    columns: list[str] = Field(
        default=[],
        description="With `annotations`: columns of the manifest whose values are the concepts; none: those of the "
        "label maps, by their pixels, and without label maps all columns that do not tell the class.",
    )
    similarity: Similarity = Field(default="soft_wpmi", description="How well a concept describes a unit.")
    chance_level: Level = Field(
        default=0.95,
        description="Level of the verdict on a label: 1 less the level of its tests, and the share of an untrained "
        "network's labels that it must be above.",
    )
    seed: Seed = Field(default=0, description="Seed of the images drawn at random.")

    @property
    def method(self) -> str:
        """What the labels are called: CLIP-Dissect where a CLIP tells what images show."""
        return CLIP_DISSECT if self.evidence == "clip" else ANNOTATIONS


class ClipDissect(Describing):
    """Each unit gets the concept that its top images have in common, by a CLIP (CLIP-Dissect) or by annotations."""

    jobs: ClassVar = {"clip_embed": ("concepts",)}

    clip: str | None = Field(default=None, description="Which of `clips`; may be left out where there is one.")
    concepts: Count | str = Field(
        default=20000,
        description="A number: so many of the most common English words. `classes`: the classes of the probe set. "
        "`annotations`: the concepts of its label maps. Else a text file, one concept per line.",
    )


class NetDissect(Section):
    """Network Dissection: each unit gets the concept whose pixels its most active region covers best."""

    min_iou: Level = Field(
        default=0.04,
        description="Least intersection over union of a `detector`, as the paper calls it; no verdict goes by it.",
    )


class UnitSheet(Section):
    """A figure with one row per unit: its top images, its region in them, its labels."""

    units: Count | dict[str, list[Annotated[int, Field(ge=0, le=MOST)]]] = Field(
        default=4, description="So many of each layer, those with the best labels; or layer to the units."
    )
    images: Count = Field(default=8, description="Images of a unit.")


class Asked(Section):
    """What is dissected."""

    models: list[str] | None = Field(default=None, description="Models to dissect; default: every model.")
    probe: str | None = Field(
        default=None, description="Data set whose images are shown to every model; default: each model's own."
    )
    layers: dict[str, Unique[str]] = Field(
        default={},
        description="Model to its layers: modules, or functions that their code calls, such as `relu_1`. Default: its "
        "last three blocks, the layer of the units in front of the last linear layer, and that, as they are found in "
        "the network; of ResNets layer2, layer3, layer4 and fc.",
    )
    control: Literal["untrained"] | None = Field(
        default="untrained",
        description="What labels are held against: a network of the same architecture with random weights (drawn from "
        "`seed`) that is shown the same images. `null`: nothing; verdicts go by the images alone.",
    )


class Probe(Section):
    """Which images are shown to units."""

    splits: Annotated[Unique[Split], Field(min_length=1)] | None = Field(
        default=None,
        description="Splits of it that are shown; default: all, and where annotations of a model's own data set label "
        "its units, all but the training images.",
    )


class Seeded(Section):
    """What draws depend on."""

    seed: Seed = Field(default=0, description="Seed of all draws, and of the sample that a threshold may come from.")


class Intervals(Section):
    """How intervals are found."""

    confidence: Level = Field(default=0.95, description="Level of all intervals.")
    resamples: Annotated[int, Field(ge=10, le=DRAWS)] = Field(
        default=2000, description="Bootstrap draws and permutations."
    )


class Draws(Intervals, Seeded):
    """Intervals, permutations and their seed."""


class Passes(Seeded, Probe):
    """How a network runs over the images."""

    pooling: Literal["mean", "max"] = Field(
        default="mean",
        description="What a unit's map becomes for its top images. Roles are those of means: with `max` they are not "
        "joined with labels.",
    )
    top: Count | None = Field(
        default=None,
        description="Images that describe a unit; default: 5 % of those shown, from 10 (or a quarter) to 100.",
    )
    quantile: Level = Field(default=0.005, description="Share of the positions where a unit is above its threshold.")
    batch_size: Count = Field(default=64, description="Images per step.")


class Labelling(Intervals, Seeded, Probe):
    """How units are labelled, by each method; null: not by it."""

    clip_dissect: Describing | None
    netdissect: NetDissect | None = Field(default=NetDissect(), description="Network Dissection; null: not done.")


class Counting(Draws):
    """How the labels of a model are counted."""

    min_units_per_concept: Count = Field(
        default=4, description="Concepts with so many units or more are listed and drawn."
    )


class Comparison(Draws):
    """How two models are compared."""

    top_concepts: Count = Field(default=50, description="How many of the most frequent concepts are compared.")


class Dissect(Counting, Comparison, Labelling, Passes, Asked):
    """What the units of some layers detect: by CLIP-Dissect or annotations, and by Network Dissection."""

    jobs: ClassVar = {
        "clip_embed": tuple(Probe.model_fields),
        "dissect_passes": tuple(Passes.model_fields),
        "dissect_labels": tuple(field for field in Labelling.model_fields if field != "clip_dissect"),
        "dissect_summary": tuple(Counting.model_fields),
        "dissect_compare": tuple(Comparison.model_fields),
        "dissect_roles": tuple(Draws.model_fields),
        "dissect_units": ("sheet", "splits"),
        "unit_regions": ("splits",),
        "concept_figures": ("methods", "min_units_per_concept"),
        "concept_roles_figures": ("methods",),
    }

    shards: Shards = Field(
        default=1, description="Jobs that show the images to a model; what is found does not depend on it."
    )
    clip_dissect: ClipDissect | None = Field(
        default=ClipDissect(), description="CLIP-Dissect, or labels by annotations; null: not done."
    )
    compare: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(
        default=[], description="Pairs of models to compare."
    )
    sheet: UnitSheet = Field(default=UnitSheet(), description="The figure of single units.")

    @model_validator(mode="after")
    def _something(self) -> "Dissect":
        if self.clip_dissect is None and self.netdissect is None:
            raise ValueError("both `clip_dissect` and `netdissect` are null, so there is nothing to do")
        for name, layers in self.layers.items():
            if not layers:
                raise ValueError(f"layers.{name} is empty")
        return self

    @property
    def methods(self) -> list[str]:
        """The methods that label units."""
        similar = [self.clip_dissect.method] if self.clip_dissect is not None else []
        return similar + ([NETDISSECT] if self.netdissect is not None else [])
