"""How much of an explanation lies on an artefact's pixels."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.explain.agreement.localisation import MASS, grade
from lucidag.ground.errors import InputError
from lucidag.ground.statistics.intervals import estimate

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
    """Average over images.

    Parameters
    ----------
    table
        The rows of `on_artefacts`, of any number of images.
    confidence, resamples, seed
        Of the bootstrap over images.

    Returns
    -------
    DataFrame
        artefact, method, ``images`` with a value and ``undefined`` without; means with ``_low`` and ``_high`` of
        ``share``, ``area`` and ``excess`` (share less area, image by image).
    """
    rows = []
    for (artefact, method), part in table.groupby(["artefact", "method"], sort=True):
        defined = part[part["share"].notna()]
        values = {"share": part["share"], "area": defined["area"], "excess": defined["share"] - defined["area"]}
        found = {name: estimate(each, confidence, resamples, seed) for name, each in values.items()}
        row = {
            "artefact": artefact,
            "method": method,
            "images": found["share"].n,
            "undefined": found["share"].undefined,
        }
        rows.append(row | {key: cell for name, each in found.items() for key, cell in each.columns(name).items()})
    names = [f"{name}{end}" for name in ("share", "area", "excess") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["artefact", "method", "images", "undefined", *names])


def difference(first: pd.DataFrame, second: pd.DataFrame, confidence: float, resamples: int, seed: int) -> pd.DataFrame:
    """Compare two models on the same images and masks.

    Parameters
    ----------
    first, second
        The rows of `on_artefacts` of two models, such as one trained with a shortcut and one without.
    confidence, resamples, seed
        Of the bootstrap over images.

    Returns
    -------
    DataFrame
        artefact, method, ``images`` where both have a value; the mean shares ``first`` and ``second``, and
        ``difference`` (first less second, paired) with ``_low`` and ``_high``: NaN where no image has both.
    """
    keys = ["artefact", "method", "image"]
    joined = first[[*keys, "share"]].merge(second[[*keys, "share"]], on=keys, suffixes=("_a", "_b"), validate="1:1")
    rows = []
    for (artefact, method), part in joined.groupby(["artefact", "method"], sort=True):
        found = estimate(part["share_a"] - part["share_b"], confidence, resamples, seed)
        both = part.dropna(subset=["share_a", "share_b"])
        rows.append(
            {
                "artefact": artefact,
                "method": method,
                "images": found.n,
                "first": float(both["share_a"].mean()),
                "second": float(both["share_b"].mean()),
                **found.columns("difference"),
            }
        )
    names = ["difference", "difference_low", "difference_high"]
    return pd.DataFrame(rows, columns=["artefact", "method", "images", "first", "second", *names])
