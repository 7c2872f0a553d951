"""Keys and choices of the configuration that once had another name."""

from collections.abc import Sequence

# Of a new name without a dot the section is the old one's.
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
    "explain.cam.methods": "explain.methods, together with `lime` and relevance",
    "explain.pictures_per_job": "images_per_job",
    "faithfulness.cam": "methods, together with `lime` and relevance",
    "faithfulness.composites": "methods, together with maps and `lime`",
    "faithfulness.draws": "resamples",
    "faithfulness.infidelity_draws": "infidelity_samples",
    "faithfulness.lime": "methods, together with maps and relevance",
    "faithfulness.sensitivity_draws": "sensitivity_samples",
    "faithfulness.stages": "randomisation_steps",
    "generalisation.*.draws": "resamples",
    "relevance.atlas.pictures": "images",
    "relevance.composites": "explain.methods, together with maps and `lime`",
    "rof.bootstrap": "resamples",
    "shortcuts.*.cam": "methods, together with `lime` and relevance",
    "shortcuts.*.composites": "methods, together with maps and `lime`",
    "shortcuts.*.draws": "resamples",
    "shortcuts.*.pictures": "images",
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
            beside = choice is not None or "." in new
            return f"is now called {new if beside else '.'.join(map(str, [*path[:-1], new]))}"
    return None


def _fits(part: str, key: str | int) -> bool:
    return part in ("*", key)
