"""What a configuration file may say about units: the concepts they detect, and the CLIP models that name them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from lucidag.ground.section import Count, Level, Name, Section, Seed, Shards, Split, Unique

Similarity = Literal["soft_wpmi", "wpmi", "rank", "cosine"]


class TrainClip(Section):
    """A small CLIP trained here, on images with label maps and captions written from these."""

    jobs: ClassVar = {
        "clip_train": ("steps", "batch_size", "lr", "weight_decay", "width", "image_size", "seed", "threads")
    }

    dataset: str = Field(description="Name of a data set of the source `scenes`; its training split is learnt from.")
    steps: Count = Field(default=400, description="Steps of training.")
    batch_size: Annotated[int, Field(ge=2)] = Field(default=64, description="Images a step.")
    lr: Annotated[float, Field(gt=0)] = Field(default=2e-3, description="Learning rate at its highest.")
    weight_decay: Annotated[float, Field(ge=0)] = Field(default=0.05, description="Weight decay.")
    width: Count = Field(default=16, description="Channels of the first layer of the image side.")
    image_size: Count = Field(default=64, description="Side of an image, a multiple of 32.")
    seed: Seed = Field(default=0, description="Seed of weights, order and captions.")
    threads: Count = Field(default=2, description="Threads of the arithmetic. The bytes depend on it.")


class Clip(Section):
    """A model that embeds images and words alike: published, from a file, or trained here."""

    jobs: ClassVar = {"clip_embed": ("architecture", "weights", "template", "batch_size")}

    architecture: str = Field(default="", description="open_clip's name, such as `ViT-B-16-quickgelu`.")
    weights: str = Field(
        default="", description="A tag that open_clip publishes for it (downloaded on first use), a file, or a folder."
    )
    train: TrainClip | None = Field(default=None, description="Train a small one instead.")
    template: str = Field(default="{}", description="What stands around a concept, such as `a photo of a {}`.")
    batch_size: Count = Field(default=64, description="Images a step.")

    @model_validator(mode="after")
    def _one_source(self) -> "Clip":
        if self.train is not None and (self.architecture or self.weights):
            raise ValueError("has `train:` and also names a published model; one of the two")
        if self.train is None and not (self.architecture or self.weights):
            raise ValueError("needs `train:` (to be trained), or `architecture:` and `weights:`, and has neither")
        if self.template.count("{}") != 1:
            raise ValueError(f"template '{self.template}' must hold {{}} once, where the concept goes")
        return self


class ClipDissect(Section):
    """CLIP-Dissect: each unit gets the concept that the images which activate it most have in common."""

    jobs: ClassVar = {"clip_embed": ("concepts",)}

    evidence: Literal["clip", "annotations"] = Field(
        default="clip", description="What tells which concepts an image shows: a CLIP, or the probe set's own labels."
    )
    clip: str | None = Field(default=None, description="Which of `clips`; may be left out where there is one.")
    concepts: Count | str = Field(
        default=20000,
        description="A number: so many of the most common English words. `classes`: the classes of the probe set. "
        "`annotations`: the concepts of its label maps. Else a text file, one concept a line.",
    )
    columns: list[str] = Field(
        default=[],
        description="With `annotations`: columns of the manifest, such as `label`, whose values are the concepts; "
        "none: those of the label maps, by their pixels.",
    )
    similarity: Similarity = Field(default="soft_wpmi", description="How well a concept describes a unit.")
    chance_level: Level = Field(
        default=0.95,
        description="A label counts where it is stronger than the best concept of randomly drawn images is with this "
        "probability.",
    )
    seed: Seed = Field(default=0, description="Seed of the images drawn at random.")


class NetDissect(Section):
    """Network Dissection: each unit gets the concept whose pixels its most active region covers best."""

    min_iou: Level = Field(default=0.04, description="Least intersection over union of a detector.")


class UnitSheet(Section):
    """A figure with one row a unit: its top images, its region in them, its labels."""

    units: Count | dict[str, list[Annotated[int, Field(ge=0)]]] = Field(
        default=4, description="So many of each layer, those with the best labels; or layer to the units."
    )
    images: Count = Field(default=8, description="Images of a unit.")


class Dissect(Section):
    """What the units of some layers detect, by CLIP-Dissect and by Network Dissection."""

    jobs: ClassVar = {
        "clip_embed": ("splits",),
        "dissect_passes": ("splits", "pooling", "top", "quantile", "batch_size", "seed"),
        "dissect_labels": ("netdissect", "splits", "confidence", "resamples"),
        "dissect_summary": ("min_iou", "min_units_per_concept", "confidence", "resamples", "seed"),
        "dissect_compare": ("top_concepts", "confidence", "resamples", "seed"),
        "dissect_roles": ("confidence", "resamples", "seed"),
        "dissect_units": ("sheet", "splits"),
        "concept_figures": ("min_units_per_concept",),
    }

    models: list[str] | None = Field(default=None, description="Models to dissect; default: every model.")
    probe: str | None = Field(
        default=None, description="Data set whose images are shown to every model; default: each model's own."
    )
    splits: Unique[Split] = Field(
        default=["train", "val", "test"], description="Splits of it that are shown.", min_length=1
    )
    layers: dict[str, Unique[str]] = Field(
        default={}, description="Model to its layers; default, as in ResNets: layer2, layer3, layer4 and fc."
    )
    pooling: Literal["mean", "max"] = Field(default="mean", description="What a unit's map becomes for CLIP-Dissect.")
    top: Count = Field(default=100, description="Images that describe a unit.")
    quantile: Level = Field(default=0.005, description="Share of the positions where a unit is above its threshold.")
    batch_size: Count = Field(default=64, description="Images a step.")
    shards: Shards = Field(
        default=1, description="Jobs that show the images to a model; what is found does not depend on it."
    )
    clip_dissect: ClipDissect | None = Field(default=ClipDissect(), description="CLIP-Dissect; null: not done.")
    netdissect: NetDissect | None = Field(default=NetDissect(), description="Network Dissection; null: not done.")
    compare: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field(
        default=[], description="Pairs of models to compare."
    )
    top_concepts: Count = Field(default=50, description="How many of the most frequent concepts are compared.")
    min_units_per_concept: Count = Field(
        default=4, description="Concepts with so many units or more are listed and drawn."
    )
    sheet: UnitSheet = Field(default=UnitSheet(), description="The figure of single units.")
    confidence: Level = Field(default=0.95, description="Level of all intervals.")
    resamples: Annotated[int, Field(ge=10)] = Field(default=2000, description="Bootstrap draws and permutations.")
    seed: Seed = Field(default=0, description="Seed of both, and of the sample that a threshold may come from.")

    @model_validator(mode="after")
    def _something(self) -> "Dissect":
        if self.clip_dissect is None and self.netdissect is None:
            raise ValueError("both `clip_dissect` and `netdissect` are null, so there is nothing to do")
        for name, layers in self.layers.items():
            if not layers:
                raise ValueError(f"layers.{name} is empty")
        return self

    @property
    def min_iou(self) -> float:
        """The least IoU of a detector, also where only other methods label units."""
        return (self.netdissect or NetDissect()).min_iou


DEFAULT_LAYERS = ("layer2", "layer3", "layer4", "fc")
Clips = dict[Name, Clip]
