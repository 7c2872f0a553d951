"""What a configuration file may say about explanations: CAM, LIME, their agreement and their truth."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from lucidag.ground.section import Count, Level, Section, Seed, Shards, Share, Unique, once

CamMethod = Literal["gradcam", "ablationcam", "scorecam", "gradcam++", "layercam", "eigencam"]
Byte = Annotated[int, Field(ge=0, le=255)]


class Cam(Section):
    """Class activation maps."""

    jobs: ClassVar = {"cam_maps": ("methods", "batch_size")}

    methods: Unique[CamMethod] = Field(
        default=["gradcam", "ablationcam", "scorecam"],
        description="Methods, in the order of the figures.",
        min_length=1,
    )
    layers: dict[str, str] = Field(
        default={},
        description="Model to the layer that is explained; default: the last layer with spatial extent.",
    )
    batch_size: Count = Field(
        default=32, description="Masked images, or copies with a channel ablated, a forward pass."
    )


class Quickshift(Section):
    """scikit-image's quickshift; the defaults are those of the lime package."""

    algorithm: Literal["quickshift"] = Field(description="How superpixels are found.")
    kernel_size: Annotated[float, Field(ge=1)] = Field(default=4, description="Width of the density kernel in pixels.")
    max_dist: Annotated[float, Field(gt=0)] = Field(default=200, description="Cut-off distance: higher, larger ones.")
    ratio: Share = Field(default=0.2, description="Weight of colour against place.")
    sigma: Annotated[float, Field(ge=0)] = Field(default=0, description="Gaussian smoothing before, in pixels.")


class Slic(Section):
    """scikit-image's SLIC."""

    algorithm: Literal["slic"] = Field(description="How superpixels are found.")
    n_segments: Annotated[int, Field(ge=2)] = Field(default=100, description="About so many superpixels.")
    compactness: Annotated[float, Field(gt=0)] = Field(default=10, description="Weight of place against colour.")
    sigma: Annotated[float, Field(ge=0)] = Field(default=0, description="Gaussian smoothing before, in pixels.")


class Felzenszwalb(Section):
    """scikit-image's graph-based segmentation after Felzenszwalb and Huttenlocher."""

    algorithm: Literal["felzenszwalb"] = Field(description="How superpixels are found.")
    scale: Annotated[float, Field(gt=0)] = Field(default=100, description="Higher: larger superpixels.")
    sigma: Annotated[float, Field(ge=0)] = Field(default=0.8, description="Gaussian smoothing before, in pixels.")
    min_size: Count = Field(default=20, description="Fewest pixels of a superpixel.")


Segmentation = Annotated[Quickshift | Slic | Felzenszwalb, Field(discriminator="algorithm")]


class LimeSettings(Section):
    """Settings of LIME that an image may have of its own."""

    segmentation: Segmentation = Field(
        default=Quickshift(algorithm="quickshift"), description="How superpixels are found."
    )
    hide_color: Byte | list[Byte] | None = Field(
        default=None,
        description="What hides a superpixel: a grey value, an RGB colour, or null for its own mean colour.",
    )
    num_features: Count = Field(
        default=8, description="Superpixels that the regression keeps; up to 6 by forward selection."
    )
    num_samples: Annotated[int, Field(ge=2)] = Field(default=300, description="Images of the neighbourhood.")
    top_labels: Count = Field(default=1, description="Explain so many most probable classes.")
    kernel_width: Annotated[float, Field(gt=0)] = Field(default=0.25, description="Width of the exponential kernel.")
    seed: Seed = Field(default=0, description="Seed of masks and segmentation.")

    @field_validator("segmentation", mode="before")
    @classmethod
    def _not_null(cls, value: Any) -> Any:  # noqa: ANN401 (before the check it may be anything)
        # Configuration files are merged key by key: null takes back a parameter of another algorithm.
        return {key: part for key, part in value.items() if part is not None} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _colour(self) -> "LimeSettings":
        if isinstance(self.hide_color, list) and len(self.hide_color) != 3:
            raise ValueError(f"hide_color has {len(self.hide_color)} numbers; a colour has 3")
        return self


class Tuning(Section):
    """A seeded search for settings of LIME, graded by the masks of the explained images."""

    trials: Annotated[int, Field(ge=2)] = Field(default=20, description="Settings to try, the present ones among them.")
    seconds: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Choose among settings that take no longer an image; null: any."
    )
    seed: Seed = Field(default=0, description="Seed of the trials, and of which half of the images chooses.")


class Lime(LimeSettings):
    """Local surrogate models over superpixels, with the lime package's regression."""

    jobs: ClassVar = {"lime_fits": ("batch_size",), "lime_tune": ("batch_size", "tuning")}

    batch_size: Count = Field(default=32, description="Images a forward pass.")
    tuning: Tuning | None = Field(default=None, description="Search for better settings; absent: not done.")


class Agreement(Section):
    """How far explanations agree with each other, and with masks where there are any."""

    jobs: ClassVar = {
        "agreement": ("thresholds", "area", "resamples", "confidence", "seed"),
        "agreement_figures": ("area", "confidence"),
    }

    thresholds: list[Level] = Field(
        default=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
        description="A map is cut at these shares of its maximum.",
        min_length=1,
    )
    area: Level = Field(default=0.2, description="Share of the frame that two graded maps are both cut to.")
    resamples: Annotated[int, Field(ge=10)] = Field(default=1000, description="Bootstrap draws over images.")
    confidence: Level = Field(default=0.95, description="Level of all intervals.")
    seed: Seed = Field(default=0, description="Seed of bootstrap, ties and the random baseline.")

    @field_validator("thresholds")
    @classmethod
    def _once(cls, thresholds: list[float]) -> list[float]:
        once([f"{threshold:g}" for threshold in thresholds])  # as the tables write them
        return thresholds


class Image(Section):
    """What one image has of its own."""

    target: str | None = Field(default=None, description="Class to explain; null: the predicted one.")
    lime: LimeSettings = Field(
        default=LimeSettings(), description="Settings of LIME that differ from those of all others."
    )


class Explain(Section):
    """Explanations of single images: CAM, LIME, and how far they agree and are right."""

    models: list[str] | None = Field(default=None, description="Models to explain; default: every model.")
    images: dict[str, Literal["all"] | list[str] | dict[str, Image]] = Field(
        description="Data set to its images: `all` (of a folder), a list of ids, or ids with settings of their own."
    )
    images_per_job: Count = Field(
        default=16,
        description="1: each image is made, and made again, alone. More: fewer imports. Images with settings of "
        "LIME of their own have a job of their own in any case.",
    )
    shards: Shards | None = Field(
        default=None,
        description="So many jobs of about one size, in place of `images_per_job`; the maps do not depend on it.",
    )
    cam: Cam | None = Field(default=Cam(), description="Class activation maps; null: none.")
    lime: Lime | None = Field(default=Lime(), description="LIME; null: none.")
    agreement: Agreement = Field(default=Agreement(), description="Comparison of the maps.")

    @model_validator(mode="after")
    def _something(self) -> "Explain":
        if self.cam is None and self.lime is None:
            raise ValueError("both `cam` and `lime` are null, so there is nothing to do")
        return self

    def chosen(self, dataset: str) -> dict[str, Image]:
        """Return the images of a data set in order; `all` has been written out before."""
        listed = self.images.get(dataset, {})
        if isinstance(listed, str):
            raise ValueError(f"images.{dataset}: 'all' has not been written out")
        return listed if isinstance(listed, dict) else dict.fromkeys(listed, Image())

    def lime_settings(self, image: Image) -> LimeSettings:
        """Return the settings of LIME for an image: its own where it has some, else those of all."""
        shared = self.lime or Lime()
        own = {key: getattr(image.lime, key) for key in image.lime.model_fields_set}
        words = {key: getattr(shared, key) for key in LimeSettings.model_fields}
        return LimeSettings.model_construct(**{**words, **own})
