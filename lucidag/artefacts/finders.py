"""The finders by name, and the table of what they see in every image."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lucidag.artefacts.lines import hair, ruler
from lucidag.artefacts.patches import patch
from lucidag.artefacts.rings import BLACK, dark_corner, ring
from lucidag.artefacts.vision import Finding, View, view
from lucidag.ground.errors import told_of
from lucidag.ground.progress import track
from lucidag.ground.spelling import check_known


@dataclass(frozen=True)
class Finder:
    """A finder and how it is used.

    Attributes
    ----------
    look
        A `View` to a `Finding` in its pixels.
    threshold
        An image has the artefact if its score is above this, where no flags of the data set choose another one.
    fixed
        Whether the threshold belongs to the method, so that flags of a data set grade but never move it.
    truth
        The columns that may hold a person's flags, the best match first.
    """

    look: Callable[[View], Finding]
    threshold: float
    fixed: bool
    truth: tuple[str, ...]

    def find(self, image: NDArray[np.uint8]) -> Finding:
        """Give what is found in an image (uint8 H x W x 1 or x 3), with the mask in its pixels.

        Raises
        ------
        InputError
            If it is anything else, or smaller than 8 pixels per side.
        """
        seen = view(image)
        found = self.look(seen)
        return Finding(found.score, seen.whole(found.mask))


FINDERS = {
    "ring": Finder(ring, 255.0 - BLACK, True, ("ring", "dark_corner")),
    "dark_corner": Finder(dark_corner, 0.001, False, ("dark_corner", "ring")),
    "patch": Finder(patch, 8.0, False, ("patch", "patches")),
    "ruler": Finder(ruler, 0.8, False, ("ruler",)),
    "hair": Finder(hair, 0.0055, False, ("hair",)),
}


def checked(names: Sequence[str]) -> tuple[str, ...]:
    """Give `names` if all are finders.

    Raises
    ------
    InputError
        If one is not.
    """
    for name in names:
        check_known("finder", name, FINDERS)
    return tuple(names)


def scan(
    images: Sequence[str],
    read: Callable[[int], NDArray[np.uint8]],
    finders: Sequence[str],
    threads: int = 1,
) -> pd.DataFrame:
    """Run finders over the images of a data set.

    Parameters
    ----------
    images
        The ids of the N images.
    read
        A row 0..N-1 to its image, such as ``Images.read``.
    finders
        Names in `FINDERS`.
    threads
        Images that are worked on at a time; the table does not depend on it.

    Returns
    -------
    DataFrame
        image, and one column of scores a finder.

    Raises
    ------
    InputError
        If a finder does not exist or an image cannot be used; the sentence names it.
    """
    names = checked(finders)

    def scores(row: int) -> tuple[float, ...]:
        image = read(row)
        with told_of(f"image '{images[row]}'"):
            seen = view(image)
        return tuple(FINDERS[name].look(seen).score for name in names)

    # Images are worked on side by side; what one of them needs is too small to be shared by threads of its own.
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        found = list(track(pool.map(scores, range(len(images))), "find artefacts", total=len(images)))
    values = np.array(found, dtype=np.float64).reshape(len(images), len(names))
    return pd.DataFrame({"image": list(images), **{name: values[:, i] for i, name in enumerate(names)}})
