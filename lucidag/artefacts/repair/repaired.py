"""One network repaired, and its controls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lucidag.artefacts.repair.groups import Rows, Shown, artefacts_shown, check_groups, group_codes
from lucidag.artefacts.repair.head import Head, head_of
from lucidag.artefacts.repair.masked import choose_units, class_of, taken_out
from lucidag.artefacts.repair.retrained import retrained, retrained_on_any
from lucidag.artefacts.repair.settings import Repairing
from lucidag.data.features import Features
from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known


@dataclass(frozen=True)
class Material:
    """What a repair is made from.

    Attributes
    ----------
    features, labels, shown
        Of the N images of the split: N x K, N class indices, N x artefacts.
    head
        The last layer as it was trained.
    classes
        Names of the classes.
    """

    features: Any
    labels: Rows
    shown: Shown
    head: Head
    classes: tuple[str, ...]

    @property
    def codes(self) -> Rows:
        """The groups of the images."""
        return group_codes(self.labels, self.shown)


def material(content: Features, manifest: Manifest, name: str, settings: Repairing) -> Material:
    """Gather what a repair is made from.

    Parameters
    ----------
    content
        What the model says about the images of ``settings.split``.
    manifest
        The data set.
    name
        Of the model, for messages.
    settings
        The columns and the way.

    Raises
    ------
    InputError
        If the network cannot be repaired, or its images have not all groups that this takes.
    """
    head = head_of(content, name)
    for column in settings.columns:
        check_known("column", column, manifest.metadata, manifest.file)
    if not content.images:
        raise InputError(f"model '{name}': split '{settings.split}' has no images, and repair needs them")
    rows = manifest.table.set_index("image").loc[list(content.images)]
    shown = artefacts_shown(rows, settings.columns, settings.absent)
    check_groups(content.labels, shown, content.classes, settings.columns, settings.split)
    return Material(content.features, content.labels, shown, head, content.classes)


def repaired(made: Material, settings: Repairing) -> tuple[Head, dict[str, Any]]:
    """Repairing a last layer.

    Returns
    -------
    head, about
        The new one, and what was done: ``way``, ``images`` by group, and of `mask` the ``units`` with what each
        ``carried`` of each artefact, what is ``left`` of it, the ``class`` that it goes with, ``why`` no more were
        taken.
    """
    sizes = np.bincount(made.codes, minlength=len(made.classes) * 2 ** made.shown.shape[1])
    about: dict[str, Any] = {"way": settings.way, "split": settings.split}
    about["images"] = dict(zip(group_names(made.classes, settings.columns), map(int, sizes), strict=True))
    if settings.way == "retrain":
        asked = (settings.strength, settings.subsets, settings.seed)
        return retrained(made.features, made.labels, made.codes, *asked), about
    mask = choose_units(made.features, made.labels, made.shown, made.head, settings.tolerance)
    columns = list(settings.columns)
    about["class"] = {
        name: made.classes[class_of(made.labels, column, len(made.classes))]
        for name, column in zip(columns, made.shown.T, strict=True)
    }
    about["units"] = [
        {"unit": int(unit)} | dict(zip(columns, map(float, mask.carried[unit]), strict=True)) for unit in mask.units
    ]
    about["carried"] = dict(zip(columns, map(float, mask.carried.sum(axis=0)), strict=True))
    about["left"] = dict(zip(columns, map(float, mask.left), strict=True))
    about["why"] = mask.why
    return taken_out(made.head, mask.units), about


def control(made: Material, settings: Repairing, head: Head, number: int) -> Head:
    """Give a last layer that was changed as much, but without regard to the artefacts.

    Parameters
    ----------
    made, settings
        As for `repaired`.
    head
        The repaired one: of `mask`, as many random units are taken out.
    number
        Of the control; each draws for itself.
    """
    if settings.way == "retrain":
        asked = (settings.strength, settings.subsets, settings.seed, number)
        return retrained_on_any(made.features, made.labels, made.codes, *asked)
    count = int((~head.weight.any(axis=0) & made.head.weight.any(axis=0)).sum())
    rng = np.random.default_rng([settings.seed, number])
    return taken_out(made.head, rng.choice(made.head.weight.shape[1], count, replace=False))


def group_names(classes: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Name the groups in the order of their codes, such as ``benign, ring, no patch``."""
    names = list(classes)
    for column in columns:
        names = [f"{name}, {word}" for name in names for word in (f"no {column}", column)]
    return names
