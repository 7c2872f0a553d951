"""Explanations of the same images side by side, from those they agree about to those they do not."""

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from lucidag.explain.store import Explained
from lucidag.figures.explanations import contact_sheet


def side_by_side(
    images: Sequence[Explained],
    methods: Sequence[str],
    order: pd.DataFrame,
    title: str,
) -> Figure:
    """Draw images with their explanations, sorted by agreement.

    Parameters
    ----------
    images, methods, title
        See `lucidag.figures.explanations.contact_sheet`.
    order
        image, iou: see `lucidag.explain.agreement.order.agreement_order`; an image that it lacks comes last.
    """
    agreed = dict(zip(order["image"], order["iou"].astype(float), strict=True))
    place = {image: index for index, image in enumerate(agreed)}
    ordered = sorted(images, key=lambda explained: place.get(explained.image, len(place)))
    notes = {explained.image: f"mean IoU {_number(agreed.get(explained.image, math.nan))}" for explained in ordered}
    return contact_sheet(ordered, methods, title, notes)


def _number(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.2f}"
