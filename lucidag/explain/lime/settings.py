"""The settings of LIME."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from lucidag.ground.errors import InputError
from lucidag.ground.section import MOST, Count, Section, Seed, Share
from lucidag.ground.spelling import unknown

FULL, KERNEL = 224, 4.0  # pixels: the width of the kernel in a frame of this size
LEAST = 48  # pixels: in smaller frames no kernel that quickshift takes is narrow enough
Byte = Annotated[int, Field(ge=0, le=255)]


class Quickshift(Section):
    """scikit-image's quickshift; the defaults are those of the lime package, for frames of 224 pixels or more."""

    algorithm: Literal["quickshift"] = Field(description="How superpixels are found.")
    kernel_size: Annotated[float, Field(ge=1)] | None = Field(
        default=None,
        description="Width of the density kernel in pixels; default: 4, and less in frames below 224 pixels, so that "
        "they have as many superpixels.",
    )
    max_dist: Annotated[float, Field(gt=0)] = Field(default=200, description="Cut-off distance: higher, larger ones.")
    ratio: Share = Field(default=0.2, description="Weight of colour against place.")
    sigma: Annotated[float, Field(ge=0)] = Field(default=0, description="Gaussian smoothing before, in pixels.")


class Slic(Section):
    """scikit-image's SLIC."""

    algorithm: Literal["slic"] = Field(description="How superpixels are found.")
    n_segments: Annotated[int, Field(ge=2, le=MOST)] = Field(default=100, description="About so many superpixels.")
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
    num_samples: Annotated[int, Field(ge=2, le=MOST)] = Field(default=300, description="Images of the neighbourhood.")
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

    @property
    def algorithm(self) -> str:
        """How superpixels are found, see `lucidag.explain.lime.segments.segment`."""
        return self.segmentation.algorithm

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the algorithm that do not depend on the frame."""
        return self.segmentation.model_dump(mode="json", exclude={"algorithm"}, exclude_none=True)

    def at(self, size: int) -> tuple[dict[str, Any], int]:
        """Return the parameters of the algorithm in a frame of `size` pixels, and how often it is enlarged before.

        Quickshift's superpixels are about as large as its kernel. The lime package's is for large images: at 32 pixels
        it leaves one superpixel or two. Where no kernel is named it shrinks with the frame; as quickshift takes none
        below a pixel, the pixels of frames below 48 are repeated.
        """
        parameters = self.parameters
        if not isinstance(self.segmentation, Quickshift) or self.segmentation.kernel_size is not None:
            return parameters, 1
        times = -(-LEAST // size)
        in_pixels = {name: times * parameters[name] for name in ("max_dist", "sigma")}
        kernel = min(KERNEL, max(1.0, KERNEL * size * times / FULL))
        return {"kernel_size": kernel, **parameters, **in_pixels}, times

    def to_json(self) -> dict[str, Any]:
        """Give plain values in the shape of the configuration's ``lime`` section; `from_json` reads them."""
        # Of the segmentation only what was named, as a trial names what it drew.
        named = self.segmentation.model_dump(mode="json", exclude_unset=True)
        return {**self.model_dump(mode="json", include=set(LimeSettings.model_fields)), "segmentation": named}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "LimeSettings":
        """Read what `to_json` gave; a key that is absent has its default.

        Raises
        ------
        InputError
            If a key does not exist or a value is outside of what is allowed.
        """
        for key in value:
            if key not in LimeSettings.model_fields:
                raise InputError(f"lime: {unknown('key', key, LimeSettings.model_fields)}")
        try:
            return LimeSettings.model_validate(dict(value))
        except ValidationError as error:
            raise InputError(f"lime: {error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}") from error


class LimeBase(Section):
    """What a configuration and a job have in common."""

    batch_size: Count = Field(default=32, description="Images per forward pass.")


class LimeJob(LimeBase):
    """LIME in one job.

    Attributes
    ----------
    settings
        Of images that are not named in `own`.
    own
        Image to its settings.
    """

    settings: LimeSettings = LimeSettings()
    own: dict[str, LimeSettings] = Field(default={})


class Tuning(Section):
    """A seeded search for settings of LIME, graded by the masks of the explained images."""

    models: list[str] | None = Field(
        default=None, description="Models to search for, of those explained; default: all of them."
    )
    trials: Annotated[int, Field(ge=2, le=MOST)] = Field(
        default=20, description="Settings to try, the present ones among them."
    )
    seconds: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Choose among settings that take no longer per image; null: any."
    )
    seed: Seed = Field(default=0, description="Seed of the trials, and of which half of the images chooses.")


class Lime(LimeSettings, LimeBase):
    """Local surrogate models over superpixels, with the lime package's regression."""

    jobs: ClassVar = {"lime_tune": ("batch_size",)}

    tuning: Tuning | None = Field(default=None, description="Search for better settings; absent: not done.")

    def for_image(self, own: LimeSettings) -> LimeSettings:
        """Return the settings for an image: its own where it has some, else these."""
        named = {key: getattr(own, key) for key in own.model_fields_set}
        shared = {key: getattr(self, key) for key in LimeSettings.model_fields}
        return LimeSettings.model_construct(**{**shared, **named})
