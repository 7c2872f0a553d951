"""How much of an explanation lies on an artefact's pixels."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.explain.agreement.localisation import MASS, grade
from lucidag.ground.errors import InputError
from lucidag.ground.statistics.crossed import crossed, crossed_difference

RELEVANCE_COLUMNS = ("image", "method", "artefact", "share", "area", "concentration")


def on_artefacts(
    image: str, maps: Mapping[str, NDArray[np.floating]], masks: Mapping[str, NDArray[np.bool_]]
) -> pd.DataFrame:
    """Measure the explanations of one image on its artefacts.

    Parameters
    ----------
    image
        Its id.
    maps
        By method: H x W, positive where it speaks for the explained class.
    masks
        By artefact: bool H x W in the same frame; empty ones, and those of the whole frame, are left out.

    Returns
    -------
    DataFrame
        image, method, artefact; ``share`` of the positive relevance that lies in the mask (the mass accuracy of
        `lucidag.explain.agreement.localisation.grade`), NaN for a map without a positive value; ``area``, the mask's
        share of the frame; ``concentration``, share / area: 1 for relevance spread evenly.

    Raises
    ------
    InputError
        If a map and a mask differ in size, or a map holds NaN or infinity.
    """
    rows: list[tuple[str, str, str, float, float, float]] = []
    for artefact, mask in masks.items():
        for method, values in maps.items():
            if values.shape != mask.shape:
                raise InputError(f"image '{image}': map '{method}' is {values.shape}, mask '{artefact}' {mask.shape}")
            if not np.isfinite(values).all():
                raise InputError(f"image '{image}': map '{method}' holds NaN or infinity")
            if mask.any() and not mask.all():
                held, area = grade(values, mask, {}, 0)[(MASS, "")], float(mask.mean())
                rows.append((image, method, artefact, held, area, held / area))
    return pd.DataFrame(rows, columns=list(RELEVANCE_COLUMNS))


def by_method(table: pd.DataFrame, confidence: float, resamples: int, seed: int) -> pd.DataFrame:
    """Average over networks and images.

    Parameters
    ----------
    table
        The rows of `on_artefacts`, of any number of images, with a column ``model``: the networks of one arm.
    confidence, resamples, seed
        See `lucidag.ground.statistics.crossed.crossed`.

    Returns
    -------
    DataFrame
        artefact, method, ``networks``, ``images`` with a value and ``undefined`` without; means with ``_low`` and
        ``_high`` of ``share``, ``area`` and ``excess`` (share less area, image by image); ``each``, the share of each
        network.
    """
    rows = []
    for (artefact, method), part in table.groupby(["artefact", "method"], sort=True):
        share, area = (_cells(part, column) for column in ("share", "area"))
        area = area.where(share.notna())
        found = {
            name: crossed(values, confidence, resamples, seed)
            for name, values in {"share": share, "area": area, "excess": share - area}.items()
        }
        row = {
            "artefact": artefact,
            "method": method,
            "networks": len(share),
            "images": found["share"].images,
            "undefined": share.shape[1] - found["share"].images,
        }
        columns = {key: cell for name, each in found.items() for key, cell in each.columns(name).items()}
        rows.append(row | columns | {"each": list(found["share"].each)})
    names = [f"{name}{end}" for name in ("share", "area", "excess") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["artefact", "method", "networks", "images", "undefined", *names, "each"])


def difference(first: pd.DataFrame, second: pd.DataFrame, confidence: float, resamples: int, seed: int) -> pd.DataFrame:
    """Compare two arms on the same images and masks.

    Parameters
    ----------
    first, second
        The rows of `on_artefacts` with ``model``, such as of networks trained with a shortcut and of others without.
    confidence, resamples, seed
        See `lucidag.ground.statistics.crossed.crossed_difference`.

    Returns
    -------
    DataFrame
        artefact, method, ``networks`` (the fewer of the two arms'), ``images`` where both have a value; the mean shares
        ``first`` and ``second`` there, and ``difference`` (first less second, paired over images) with ``_low`` and
        ``_high``: NaN where no image has both.
    """
    rows, groups = [], ["artefact", "method"]
    others = dict(iter(second.groupby(groups)))
    for (artefact, method), part in first.groupby(groups, sort=True):
        if (artefact, method) not in others:
            continue
        one, two = _cells(part, "share"), _cells(others[artefact, method], "share")
        images = one.columns[one.notna().any()].intersection(two.columns[two.notna().any()])
        one, two = one[images], two[images]
        found = crossed_difference(one, two, confidence, resamples, seed)
        rows.append(
            {
                "artefact": artefact,
                "method": method,
                "networks": min(len(one), len(two)),
                "images": found.images,
                "first": float(one.mean(axis=1).mean()),
                "second": float(two.mean(axis=1).mean()),
                **found.columns("difference"),
            }
        )
    names = ["difference", "difference_low", "difference_high"]
    return pd.DataFrame(rows, columns=[*groups, "networks", "images", "first", "second", *names])


def _cells(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Give a column as networks x images."""
    return table.pivot(index="model", columns="image", values=column)
