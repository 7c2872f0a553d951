"""Which image trains, validates and tests; and labels corrupted on purpose."""

from collections.abc import Mapping, Sequence

import numpy as np

from lucidag.data.entry import Entry
from lucidag.data.roles import SPLITS
from lucidag.ground.errors import InputError


def assign(
    labels: Sequence[str], fractions: Mapping[str, float], seed: int, ids: Sequence[str] | None = None
) -> list[str]:
    """Divide N images among the splits at random, stratified by label.

    Images with one id (a patient, a lesion) stay on one side. The ids, in a random order and those with
    most images first, go one by one to the split where they lower the squared distance to the wished
    number of images of each class most, each class weighted by one over its size. Without `ids` every
    split has, of every class, its exact share to within one image.

    Parameters
    ----------
    labels
        The N class names.
    fractions
        The share of each of train, val and test; their sum is 1. A split left out has 0 (a data set for imported
        models needs no train).
    seed
        The seed of the order.
    ids
        The N ids, or None where every image stands for itself.

    Returns
    -------
    list of str
        The N splits.

    Raises
    ------
    InputError
        If a class would be missing from test, or from train where that has a share.
    """
    names = [name for name in SPLITS if fractions.get(name, 0.0) > 0.0]
    classes, codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    owners = np.arange(len(codes)) if ids is None else np.unique(np.asarray(ids, str), return_inverse=True)[1]
    content = np.zeros((int(owners.max(initial=-1)) + 1, len(classes)))
    np.add.at(content, (owners, codes), 1)

    order = np.random.default_rng(seed).permutation(len(content))
    order = order[np.argsort(-content[order].sum(axis=1), kind="stable")]
    wished = np.array([fractions[name] for name in names])[:, None] * content.sum(axis=0)
    weight = 1.0 / np.maximum(content.sum(axis=0), 1)
    given = np.zeros_like(wished)
    chosen = np.zeros(len(content), dtype=np.int64)
    for owner in order:
        new = content[owner]
        cost = ((2 * (given - wished) + new) * new * weight).sum(axis=1)
        # Of equal choices the emptier split, so that small classes reach every split.
        best = min(range(len(names)), key=lambda s: (round(float(cost[s]), 9), given[s] @ weight, s))
        given[best] += new
        chosen[owner] = best

    for name in [name for name in names if name != "val"]:
        for code in np.flatnonzero(given[names.index(name)] == 0):
            total, whose = int(content[:, code].sum()), int((content[:, code] > 0).sum())
            what = f"{total} image{'s' * (total > 1)}"
            if ids is not None:
                what += f" of {whose} id{'s' * (whose > 1)}"
            raise InputError(
                f"splits: class '{classes[code]}' has {what}, and none falls into '{name}' "
                f"at a share of {fractions[name]:g}; raise the share or leave the class out"
            )
    return [names[code] for code in chosen[owners]]


def owners_of(found: Sequence[Entry]) -> list[str] | None:
    """Give the patient or lesion of each image, the image itself where none is known; None where none has any."""
    return [entry.id or f"image {entry.path}" for entry in found] if any(entry.id for entry in found) else None


def splits_of(found: Sequence[Entry], shares: Mapping[str, float], seed: int) -> list[str]:
    """Give the splits of images, those that `assign` gives where they have none; raises as that."""
    given = [entry.split for entry in found if entry.split is not None]
    return given or assign([entry.label for entry in found], shares, seed, owners_of(found))


def corrupt(labels: Sequence[str], split: Sequence[str], share: float, classes: Sequence[str], seed: int) -> list[str]:
    """Give part of the training images a random label.

    Partially corrupted labels as in Zhang et al. 2017 (ICLR, section 2.1), where each label becomes a
    uniformly random class with a probability. Here the number is exact: of n training images,
    round(share * n) are chosen at random. A drawn class can be the true one, as in the paper.

    Parameters
    ----------
    labels, split
        The N class names and the N splits.
    share
        The share of corrupted labels, 0 to 1.
    classes
        All class names.
    seed
        The seed of the choice and of the labels.

    Returns
    -------
    list of str
        The N labels; those outside train are as they were.
    """
    rng = np.random.default_rng(seed)
    train = np.flatnonzero(np.asarray(split) == "train")
    rows = rng.permutation(train)[: round(share * len(train))]
    changed = list(labels)
    for row, code in zip(rows, rng.integers(len(classes), size=len(rows)), strict=True):
        changed[row] = classes[code]
    return changed
