"""Keys and choices of the configuration that once had another name."""

from collections.abc import Sequence

KEYS = {
    "artefacts.draws": "resamples",
    "artefacts.most_values": "max_values",
    "datasets.*.fewest": "min_images",
    "dissect.draws": "resamples",
    "dissect.frequent": "min_units_per_concept, and counts the concept of exactly so many units too: take one more",
    "dissect.most_frequent": "top_concepts",
    "dissect.netdissect.least_iou": "min_iou",
    "dissect.sheet.pictures": "images",
    "explain.agreement.draws": "resamples",
    "explain.pictures_per_job": "images_per_job",
    "faithfulness.draws": "resamples",
    "faithfulness.infidelity_draws": "infidelity_samples",
    "faithfulness.sensitivity_draws": "sensitivity_samples",
    "faithfulness.stages": "randomisation_steps",
    "generalisation.*.draws": "resamples",
    "relevance.atlas.pictures": "images",
    "rof.bootstrap": "resamples",
    "shortcuts.*.draws": "resamples",
    "shortcuts.*.pictures": "images",
}
MOVED = {
    "explain.cam.methods": "explain.methods",
    "faithfulness.cam": "faithfulness.methods",
    "faithfulness.composites": "faithfulness.methods",
    "faithfulness.lime": "faithfulness.methods",
    "relevance.composites": "explain.methods",
    "shortcuts.*.cam": "shortcuts.*.methods",
    "shortcuts.*.composites": "shortcuts.*.methods",
}
CHOICES = {"datasets.*.track: pictures": "images"}


def new_name(path: Sequence[str | int], choice: str | None = None) -> str | None:
    """Give the sentence for a key, or for a choice of a key, that once had this name; None if none had.

    >>> new_name(["dissect", "most_frequent"])
    'is now called dissect.top_concepts'
    """
    for old, new in KEYS.items() if choice is None else CHOICES.items():
        pattern, _, old_choice = old.partition(": ")
        parts = pattern.split(".")
        if old_choice == (choice or "") and len(parts) == len(path) and all(map(_fits, parts, path)):
            return f"is now called {new if choice else '.'.join(map(str, [*path[:-1], new]))}"
    for old, new in MOVED.items() if choice is None else ():
        parts = old.split(".")
        if len(parts) == len(path) and all(map(_fits, parts, path)):
            return f"is now part of {new.replace('*', str(path[1]))}"
    return None


def _fits(part: str, key: str | int) -> bool:
    return part in ("*", key)
