"""A contact sheet: some images of each class, with the outline of their mask and what is noted about them."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.figures.style import FULL_WIDTH, SKY, figure, paper

CLASSES, PER_CLASS = 10, 8
PIXELS = 160  # longer side of a thumbnail: more than print shows
FEW_VALUES = 10  # a column with more values is an id or a measurement, no flag
TRUE, FALSE = ("1", "true", "yes"), ("", "0", "false", "no")


@dataclass(frozen=True)
class Thumbnail:
    """One image of a sheet.

    Attributes
    ----------
    image
        uint8 H x W x 3 or H x W.
    mask
        bool H x W, or None.
    notes
        What is printed below it.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None
    notes: str


def choose(manifest: Manifest, seed: int) -> dict[str, list[int]]:
    """Draw up to 8 images (row numbers, ascending) of up to 10 classes that have any.

    What is drawn of a class depends on the seed and that class alone.
    """
    labels = manifest.labels()
    present = np.unique(labels)
    if len(present) > CLASSES:
        present = np.sort(np.random.default_rng(seed).choice(present, CLASSES, replace=False))
    chosen = {}
    for code in present:
        rows = np.flatnonzero(labels == code)
        drawn = np.random.default_rng([seed, int(code)]).choice(rows, min(PER_CLASS, len(rows)), replace=False)
        chosen[manifest.classes[code]] = sorted(drawn.tolist())
    return chosen


def thumbnails(manifest: Manifest, chosen: Mapping[str, Sequence[int]]) -> dict[str, list[Thumbnail]]:
    """Read the chosen images, shrunk to what a sheet needs.

    Raises
    ------
    UnreadableImageError
        If a file is missing or cannot be decoded.
    """
    reader = Images(manifest)
    columns = [column for column in manifest.metadata if manifest.table[column].nunique() <= FEW_VALUES]
    return {
        name: [
            Thumbnail(_shrunk(reader.read(row)), _shrunk_mask(reader.read_mask(row)), notes(manifest, row, columns))
            for row in rows
        ]
        for name, rows in chosen.items()
    }


def notes(manifest: Manifest, row: int, columns: Sequence[str]) -> str:
    """Tell what the metadata say about an image: the names of the flags that are set, others as ``column=value``."""
    record = manifest.table.iloc[row]
    said = []
    for column in columns:
        value = str(record[column])
        if value.lower() in TRUE:
            said.append(column)
        elif value.lower() not in FALSE:
            said.append(f"{column}={value}")
    if record.get("true_label", record["label"]) != record["label"]:
        said.append(f"truly {record['true_label']}")
    return ", ".join(said)


@paper()
def contact_sheet(sheet: Mapping[str, Sequence[Thumbnail]], title: str) -> Figure:
    """Draw thumbnails, one row per class.

    Parameters
    ----------
    sheet
        Class names and their images.
    title
        Above the sheet.
    """
    cell = FULL_WIDTH / (PER_CLASS + 0.8)
    shown = [thumbnail for row in sheet.values() for thumbnail in row]
    tallest = max(image.shape[0] / image.shape[1] for image in (thumbnail.image for thumbnail in shown))
    lines = max(len(_lines(thumbnail.notes)) for thumbnail in shown)
    fig = figure(FULL_WIDTH, 0.3 + len(sheet) * (cell * min(tallest, 2.0) + 0.04 + 0.085 * lines))
    fig.suptitle(title)
    axes = fig.subplots(len(sheet), PER_CLASS, squeeze=False)
    for row, (name, members) in zip(axes, sheet.items(), strict=True):
        row[0].set_ylabel("\n".join(_lines(name, 14)), rotation=0, ha="right", va="center")
        for ax in row:
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        for ax, thumbnail in zip(row, members, strict=False):
            _draw(ax, thumbnail)
    fig.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    return fig


def _draw(ax: Axes, thumbnail: Thumbnail) -> None:
    grey = thumbnail.image.ndim == 2
    ax.imshow(thumbnail.image, cmap="gray" if grey else None, vmin=0, vmax=255, interpolation="nearest")
    mask = thumbnail.mask
    if mask is not None and mask.any() and not mask.all():
        height, width = thumbnail.image.shape[:2]
        x = (np.arange(mask.shape[1]) + 0.5) * width / mask.shape[1] - 0.5
        y = (np.arange(mask.shape[0]) + 0.5) * height / mask.shape[0] - 0.5
        ax.contour(x, y, mask.astype(float), levels=[0.5], colors=[SKY], linewidths=0.8)
    if thumbnail.notes:
        ax.set_xlabel("\n".join(_lines(thumbnail.notes)), fontsize=5, labelpad=1.5, linespacing=1.0)


def _lines(text: str, width: int = 19) -> list[str]:
    """Break `text` into at most three lines; what does not fit ends in an ellipsis."""
    return textwrap.wrap(text, width, max_lines=3, placeholder=" …", break_on_hyphens=False)


def _shrunk(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    flat = image[:, :, 0] if image.shape[2] == 1 else image
    height, width = flat.shape[:2]
    if max(height, width) <= PIXELS:
        return flat
    scale = PIXELS / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(flat).resize(size, Image.Resampling.BOX))


def _shrunk_mask(mask: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    if mask is None or max(mask.shape) <= PIXELS:
        return mask
    step = int(np.ceil(max(mask.shape) / PIXELS))
    return mask[step // 2 :: step, step // 2 :: step]
