"""The settings of explanations: which images, which methods, and how."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from lucidag.explain.agreement.settings import Agreement, Localisation
from lucidag.explain.cam.settings import Cam
from lucidag.explain.lime.settings import Lime, LimeSettings
from lucidag.explain.methods.registry import CAM, DEFAULT, LIME, LRP, METHODS, family_of, name_of
from lucidag.explain.relevance.settings import Lrp
from lucidag.ground.section import Count, Section, Seed, Shards, once
from lucidag.ground.spelling import unknown


def check_methods(methods: list[str]) -> list[str]:
    """Return methods as they are; raises ValueError at one that does not exist or is listed twice."""
    for method in methods:
        module, colon, name = method.rpartition(":")
        if not colon and method not in METHODS:
            raise ValueError(unknown("method", method, METHODS))
        if colon and not all(part.isidentifier() for part in [*module.split("."), name]):
            raise ValueError(f"method '{method}' must be a name or `package.module:Class`")
    once([name_of(method) for method in methods])
    return methods


def _number(asked: object) -> object:
    """Refuse numbers of images that are none, and pass on whatever else there is."""
    if isinstance(asked, bool | int | float) and (type(asked) is not int or asked < 1):
        raise ValueError(f"found {str(asked).lower()}; a number of images must be whole, and at least 1")
    return asked


Methods = Annotated[list[str], Field(min_length=1), AfterValidator(check_methods)]


class Image(Section):
    """What one image has of its own."""

    target: str | None = Field(default=None, description="Class to explain; null: the predicted one.")
    lime: LimeSettings = Field(
        default=LimeSettings(), description="Settings of LIME that differ from those of all others."
    )


Chosen = Annotated[Literal["all"] | int | list[str] | dict[str, Image], BeforeValidator(_number)]


class Sampled(dict[str, Image]):
    """Images that nobody picked: drawn at random, or all of a folder. So intervals over them tell of others too."""


class Explain(Section):
    """Explanations of single images by several methods, how far these agree, and how far they find what is there."""

    models: list[str] | None = Field(default=None, description="Models to explain; default: every model.")
    methods: Methods = Field(
        default=list(DEFAULT),
        description="Methods in the order of the figures: names, or classes of your own as `package.module:Class`. "
        "Agreement, localisation, faithfulness and studies of shortcuts use all of them unless they name fewer.",
    )
    without: dict[str, list[str]] = Field(
        default={},
        description="Model to methods that do not explain it: those that its network cannot take, or that are too slow "
        "for it.",
    )
    images: dict[str, Chosen] = Field(
        description="Data set to its images: how many are drawn at random from `test` (of each class its share; of "
        "each patient or lesion one), `all` (of a folder), a list of ids, or ids with settings of their own. Images "
        "that are named are hand-picked: their means have no intervals, and nothing is tested."
    )
    seed: Seed = Field(default=0, description="Seed of the images that are drawn; a greater number adds to them.")
    images_per_job: Count = Field(
        default=16,
        description="1: each image is made, and made again, alone. More: fewer imports. Images with settings of "
        "LIME of their own have a job of their own in any case.",
    )
    shards: Shards | None = Field(
        default=None,
        description="So many jobs of about one size, in place of `images_per_job`; the maps do not depend on it.",
    )
    check: Literal["none", "first", "all"] = Field(
        default="first",
        description="Which images of each model the libraries that have the same methods explain too, so that the maps "
        "are compared with theirs: `none`, the `first`, or `all` of them.",
    )
    cam: Cam = Field(default=Cam(), description="Settings of class activation maps.")
    lime: Lime = Field(default=Lime(), description="Settings of LIME.")
    lrp: Lrp = Field(default=Lrp(), description="Settings of layer-wise relevance propagation.")
    options: dict[str, dict[str, Any]] = Field(
        default={}, description="Method with a job of its own (one of yours: the name of its class) to its settings."
    )
    agreement: Agreement = Field(default=Agreement(), description="Comparison of the maps with each other.")
    localisation: Localisation = Field(default=Localisation(), description="Comparison of the maps with masks.")

    @model_validator(mode="after")
    def _options(self) -> "Explain":
        known = [name_of(method) for method in self.methods if family_of(method) not in (CAM, LIME, LRP)]
        for name in self.options:
            if name not in known:
                raise ValueError(f"options: {unknown('method with a job of its own', name, known)}")
        return self

    def chosen(self, dataset: str) -> dict[str, Image]:
        """Return the images of a data set in order; a number and `all` have been written out before."""
        listed = self.images.get(dataset, {})
        if isinstance(listed, str | int):
            raise ValueError(f"images.{dataset}: '{listed}' has not been written out")
        return listed if isinstance(listed, dict) else dict.fromkeys(listed, Image())

    def hand_picked(self, dataset: str) -> bool:
        """Say whether the images of a data set are named one by one."""
        return not isinstance(self.images.get(dataset), Sampled | str | int)

    def taken(self, model: str, methods: list[str] | None = None) -> list[str]:
        """Return the methods that explain a model: all, or those that an analysis names by name or class."""
        names = None if methods is None else [name_of(method) for method in methods]
        left_out = [name_of(method) for method in self.without.get(model, ())]
        return [
            method
            for method in self.methods
            if name_of(method) not in left_out and (names is None or name_of(method) in names)
        ]
