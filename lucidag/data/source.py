"""What a data source knows of itself: the class that every source is derived from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from lucidag.ground.section import Count, Section, Seed, Share

if TYPE_CHECKING:  # slow, and a start of the workflow imports this module
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from lucidag.data.looks import Look

LARGEST = 16 * 2**30  # bytes of drawn images


class Splits(Section):
    """Shares of the images, stratified by class. They sum to 1."""

    train: Share = Field(default=0.6, description="Share for training.")
    val: Share = Field(default=0.2, description="Share for choices such as the number of units kept; 0 for none.")
    test: Share = Field(default=0.2, description="Share that results are reported on.")

    @model_validator(mode="after")
    def _sum(self) -> "Splits":
        if abs(self.train + self.val + self.test - 1) > 1e-6:
            raise ValueError(f"train + val + test must be 1, not {self.train + self.val + self.test:g}")
        if self.test == 0:
            raise ValueError("test must be above 0: every data set needs images that results are reported on")
        return self


@dataclass(frozen=True)
class Source:
    """What a data source gives: what `lucidag.data.manifest.write_manifest` takes.

    Attributes
    ----------
    table
        N rows with the columns ``image``, ``label`` and ``split``, any metadata columns and, where there
        are any, ``path`` and ``mask`` (files), ``true_label`` and ``id`` (patient or lesion).
    classes
        The class names; their order gives the class indices.
    images
        uint8 N x H x W x C (C is 1 or 3), or None where the images are files.
    masks
        uint8 N x H x W of 0 and 1, or None.
    concepts
        Label maps by category, uint8 N x H x W: 0 where there is none, i where there is the i-th of
        ``concept_names[category]``; or None.
    concept_names
        The names by category, in the order of their numbers 1, 2, ...
    irregularities
        What was left out, passed over or mended, and how often, in words such as ``polygons without area``.
    notes
        What was guessed or is doubtful, one sentence each.
    looks
        What the N images look like, where `load` has read them all; None where they are still to be looked at.
    """

    table: "pd.DataFrame"
    classes: tuple[str, ...]
    images: "NDArray[np.uint8] | None" = None
    masks: "NDArray[np.uint8] | None" = None
    concepts: "Mapping[str, NDArray[np.uint8]] | None" = None
    concept_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    irregularities: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    looks: "Sequence[Look] | None" = None


@dataclass(frozen=True)
class Known:
    """What is known of N images before any is read: ids, class names and splits; patients or lesions, if there are."""

    images: Sequence[str]
    labels: Sequence[str]
    splits: Sequence[str]
    owners: Sequence[str] | None = None


def check_size(number: int, size: int) -> None:
    """Raise ValueError where drawn images, of three channels, would fill a memory."""
    if (bytes_ := 3 * number * size**2) > LARGEST:
        raise ValueError(
            f"{number:,} images of {size} x {size} pixels would take {bytes_ / 2**30:,.0f} GiB; at most "
            f"{LARGEST >> 30} are drawn"
        )


class DataSource(Section):
    """What every data set may say. A source adds its own keys and `load`, and redefines what else is true of it.

    Every start of the workflow imports its module, so what is slow to import stands inside `load`.

    Attributes
    ----------
    arrays
        Whether `load` gives the images as an array; otherwise column ``path`` names files.
    label_maps
        Whether every image has label maps of concepts.
    captions
        Whether the concepts are those of the drawn scenes, which captions are written from.
    resources
        What its job asks a cluster for at first, where that is more than the profile says: ``mem_mb`` and ``runtime``
        (minutes).
    """

    jobs: ClassVar = {
        "features": ("groups",),
        "check_import": ("seed",),
        "evaluate": ("min_group",),
        **dict.fromkeys(("sweep", "sweep_grid"), ("min_group",)),
        "data_figures": ("seed",),
    }
    arrays: ClassVar[bool] = True
    label_maps: ClassVar[bool] = False
    captions: ClassVar[bool] = False
    resources: ClassVar[Mapping[str, int]] = {}

    source: str = Field(description="Where the images come from.")
    groups: list[str] = Field(
        default=[],
        description="Columns whose combinations are the groups that accuracies are given for; `label` is allowed.",
    )
    min_group: Count = Field(
        default=1, description="A group with fewer images in a split is shown, but is not called the worst there."
    )
    corrupt_labels: Share = Field(
        default=0.0,
        description="Share of the training labels that is replaced by a class drawn uniformly from all classes.",
    )
    seed: Seed = Field(default=0, description="Seed of everything random about the data: drawing, splits, corruption.")
    grid: dict[str, Any] | None = Field(
        default=None,
        description="Key paths with lists of values, such as `corrupt_labels: [0, .25]`: one data set for each "
        "combination, and so one model of each that uses it (`zip` and `exclude` as in a model's grid).",
        exclude=True,
    )

    def load(self) -> Source:
        """Give the images, their table and their classes."""
        raise NotImplementedError

    def files(self) -> list[str]:
        """Return the files that the data set is made from; a changed one makes it stale.

        Raises
        ------
        InputError
            If a file or folder is missing; the sentence starts with the key that names it.
        """
        return []

    def notes(self) -> list[str]:
        """Return what is left out, guessed or doubtful and known before anything runs, one sentence each."""
        return []

    def image_ids(self) -> list[str] | None:
        """Return the ids of all images; None where only reading them would tell."""
        return None

    def known_images(self) -> Known | None:
        """Return class and split of every image; None where only reading them would tell."""
        return None

    def has_validation(self) -> bool | None:
        """Tell whether any image is in split ``val``; None where only reading them would tell."""
        shares = getattr(self, "splits", None)
        if isinstance(shares, Splits):
            return shares.val > 0
        known = self.known_images()
        return None if known is None else "val" in known.splits

    def known_digest(self) -> str:
        """Return what tells whether `known_images` is still the same, without asking it: its keys."""
        return json.dumps(self.settings(), sort_keys=True)

    def known_classes(self) -> list[str] | None:
        """Return the classes; None where only reading the images would tell."""
        return None

    def named_classes(self) -> list[str] | None:
        """Return the classes that the configuration lists in their order; None where it lists none."""
        return None

    def image_rows(self, images: Sequence[str]) -> list[dict[str, str]]:
        """Return what a job has to know to read these images: the ids; of files also ``path``, ``mask``, ``label``."""
        return [{"image": image} for image in images]

    def image_files(self, images: Sequence[str]) -> list[str]:
        """Return the files of these images; none where all are in one."""
        return [row[key] for row in self.image_rows(images) for key in ("path", "mask") if row.get(key)]

    def settings(self) -> dict[str, Any]:
        """Return the keys that the job makes the data set from, and in ``source`` the class that reads them.

        They decide what makes it stale: groups are combined from columns later.
        """
        values = self.model_dump(mode="json", exclude={"groups", "min_group"})
        return {**values, "source": f"{type(self).__module__}:{type(self).__name__}"}
