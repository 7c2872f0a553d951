"""What a configuration file may say about the CLIP models that name units."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from lucidag.ground.section import MOST, Count, Name, Section, Seed, Side


class Training(Section):
    """How a small CLIP is trained."""

    steps: Count = Field(default=400, description="Steps of training.")
    batch_size: Annotated[int, Field(ge=2, le=MOST)] = Field(default=64, description="Images per step.")
    lr: Annotated[float, Field(gt=0)] = Field(default=2e-3, description="Learning rate at its highest.")
    weight_decay: Annotated[float, Field(ge=0)] = Field(default=0.05, description="Weight decay.")
    width: Count = Field(default=16, description="Channels of the first layer of the image side.")
    image_size: Side = Field(default=64, description="Side of an image, a multiple of 32.")
    seed: Seed = Field(default=0, description="Seed of weights, order and captions.")
    threads: Count = Field(default=2, description="Threads of the arithmetic. The bytes depend on it.")


class TrainClip(Training):
    """A small CLIP trained here, on images with label maps and captions written from these."""

    jobs: ClassVar = {"clip_train": tuple(Training.model_fields)}

    dataset: str = Field(description="Name of a data set of the source `scenes`; its training split is learnt from.")


class Embedding(Section):
    """Which CLIP embeds, and how."""

    architecture: str = Field(default="", description="open_clip's name, such as `ViT-B-16-quickgelu`.")
    weights: str = Field(
        default="", description="A tag that open_clip publishes for it (downloaded on first use), a file, or a folder."
    )
    template: str = Field(default="{}", description="What stands around a concept, such as `a photo of a {}`.")
    batch_size: Count = Field(default=64, description="Images per step.")


class Clip(Embedding):
    """A model that embeds images and words alike: published, from a file, or trained here."""

    jobs: ClassVar = {"clip_embed": tuple(Embedding.model_fields)}

    train: TrainClip | None = Field(default=None, description="Train a small one instead.")

    @model_validator(mode="after")
    def _one_source(self) -> "Clip":
        if self.train is not None and (self.architecture or self.weights):
            raise ValueError("has `train:` and also names a published model; one of the two")
        if self.train is None and not (self.architecture or self.weights):
            raise ValueError("needs `train:` (to be trained), or `architecture:` and `weights:`, and has neither")
        if self.template.count("{}") != 1:
            raise ValueError(f"template '{self.template}' must hold {{}} once, where the concept goes")
        return self


Clips = dict[Name, Clip]
