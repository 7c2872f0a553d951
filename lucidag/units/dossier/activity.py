"""When units are active: how often, on which images most, and which other unit is active on the same ones."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import ndtri

from lucidag.units.dossier.part import Part
from lucidag.units.labels.top_images import most_alike

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
ROWS = 4096  # images that are looked at at once
DEALS = 20
SHOWN = 5  # images of a unit
DEFINITIONS = {
    "share_active": "share of the images where the pooled activation is above 0",
    "nearest_unit": "the other unit whose activations correlate most with its own",
    "nearest_correlation": "Pearson's correlation of the two over images",
    "nearest_correlation_low": "lower end of its interval (Fisher's z; images taken as independent)",
    "nearest_correlation_high": "upper end of its interval (Fisher's z; images taken as independent)",
    "nearest_correlation_dealt": "the greatest correlation with other units once its activations are dealt out to "
    "other images: what the greatest of so many is by chance",
    "nearest_by_images": "the other unit that shares most of its top images",
    "shared_images": "the share of its top images that they have in common",
    "shared_images_dealt": "the greatest such share of as many randomly drawn images, mean over draws",
    "top_images": "the images that activate the unit most, the first the most",
}


def correlations(activations: NDArray[np.floating]) -> Floats:
    """Return Pearson's correlations over images of every two units: U x U, NaN where one is constant.

    Parameters
    ----------
    activations
        N x U; read block by block.
    """
    count = len(activations)
    means = sum(activations[at : at + ROWS].sum(axis=0, dtype=np.float64) for at in range(0, count, ROWS)) / count
    products = np.zeros((activations.shape[1], activations.shape[1]))
    for at in range(0, count, ROWS):
        centred = activations[at : at + ROWS].astype(np.float64) - means
        products += centred.T @ centred
    size = np.sqrt(products.diagonal())
    constant = np.ptp(activations, axis=0) == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        found = products / np.outer(size, size)
    found[constant], found[:, constant] = np.nan, np.nan
    return np.clip(found, -1, 1)


def fisher_interval(r: Floats, images: int, confidence: float) -> tuple[Floats, Floats]:
    """Return the interval of Pearson's correlations over so many images, by Fisher's z; NaN of fewer than four."""
    if images < 4:
        return np.full(len(r), np.nan), np.full(len(r), np.nan)
    half = ndtri((1 + confidence) / 2) / np.sqrt(images - 3)
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    return np.tanh(z - half), np.tanh(z + half)


def dealt_correlation(activations: NDArray[np.floating], seed: int) -> Floats:
    """Return the greatest correlation of each unit with any other whose images are dealt out anew: U."""
    order = np.random.default_rng(seed).permutation(len(activations))
    count, units = activations.shape
    means = activations.mean(axis=0, dtype=np.float64)
    products = np.zeros((units, units))
    for at in range(0, count, ROWS):
        own = activations[at : at + ROWS].astype(np.float64) - means
        products += own.T @ (activations[order[at : at + ROWS]].astype(np.float64) - means)
    size = np.sqrt(count) * activations.std(axis=0, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = products / np.outer(size, size)
    return most_alike(np.where(np.isfinite(found), found, np.nan))[1]


def overlaps(top: Whole, images: int, rows: Whole | None = None) -> Floats:
    """Return the share of top images (U x T) of each unit, or of other images of it (`rows`), that others have too."""
    units, count = top.shape

    def members(chosen: Whole) -> csr_array:
        where = np.repeat(np.arange(units), count), chosen.ravel()
        return csr_array((np.ones(units * count), where), shape=(units, images))

    return np.asarray((members(top if rows is None else rows) @ members(top).T).todense()) / count


def dealt_overlap(top: Whole, images: int, seed: int) -> Floats:
    """Return the mean greatest share that other units have of as many randomly drawn images: U."""
    rng = np.random.default_rng(seed)
    units, count = top.shape
    found = np.zeros(units)
    for _ in range(DEALS):
        drawn = np.array([rng.choice(images, count, replace=False) for _ in range(units)])
        found += most_alike(overlaps(top, images, drawn))[1] / DEALS
    return found


def activity_part(
    activations: NDArray[np.floating], images: tuple[str, ...], top: Whole, confidence: float, seed: int, source: str
) -> Part:
    """Say when units are active, and which other unit is active on the same images.

    Parameters
    ----------
    activations
        N x U, pooled over places.
    images
        N ids.
    top
        U x T: the images that activate each unit most, the first the most.
    confidence
        Of intervals of correlations.
    seed
        Of what is dealt out.
    source
        The file.
    """
    by_activation, correlation = most_alike(correlations(activations))
    low, high = fisher_interval(correlation, len(images), confidence)
    share = (activations > 0).mean(axis=0)
    constant = np.ptp(activations, axis=0) == 0
    # Units that are never active have the first images as their top ones.
    alike = overlaps(top, len(images))
    alike[constant], alike[:, constant] = np.nan, np.nan
    by_images, shared = most_alike(alike)
    values = {
        "share_active": share,
        "nearest_unit": pd.Series(by_activation).astype("Int64"),
        "nearest_correlation": correlation,
        "nearest_correlation_low": low,
        "nearest_correlation_high": high,
        "nearest_correlation_dealt": dealt_correlation(activations, seed),
        "nearest_by_images": pd.Series(by_images).astype("Int64"),
        "shared_images": shared,
        "shared_images_dealt": np.where(constant, np.nan, dealt_overlap(top, len(images), seed)),
        "top_images": [";".join(images[row] for row in rows) for rows in top[:, :SHOWN]],
    }
    return Part(pd.DataFrame(values), DEFINITIONS, source, {"dead": constant})
