"""What a reader calls a column of a table."""

import re

WORDS = {
    "n": "images",
    "words_concept": "label by words",
    "pixels_concept": "label by pixels",
    "words_verdict": "verdict (words)",
    "pixels_verdict": "verdict (pixels)",
    "words_auprc": "held-out score (words)",
    "pixels_auprc": "held-out score (pixels)",
    "zero_first_class": "class that misses it most",
    "zero_first_loss": "loss of that class (nats)",
    "zero_confirmed": "classes that miss it",
    "role_supported": "role, if stable",
    "role_stability": "stability of the role",
    "share_active": "share of images it is active on",
    "over_control": "above its control",
    "over_centre": "above the centre",
    "over_random": "above random maps",
    "beats_both": "beats both baselines",
    "p_holm": "p (Holm)",
    "p_fdr": "p (false discovery rate)",
    "worst_accuracy": "worst group's accuracy",
    "n0": "turning point",
    "not_told_apart": "not told apart from",
    "better_than": "better than",
    "no_class": "same for every class",
    "auprc": "average precision",
    "iou": "overlap (IoU)",
}
SPLITS = {"train": "training", "val": "validation", "test": "test"}
SUFFIXES = (("_low", "lower end"), ("_high", "upper end"))


def title(column: str) -> str:
    """Return a column's name in words.

    >>> title("over_control_low"), title("accuracy_class:fish"), title("test_accuracy")
    ('above its control, lower end', 'accuracy: fish', 'test accuracy')
    """
    if column in WORDS:
        return WORDS[column]
    for suffix, told in SUFFIXES:
        if column.endswith(suffix):
            return f"{title(column.removesuffix(suffix))}, {told}"
    head, colon, name = column.partition(":")
    if colon:
        return f"{title(re.sub('_(class|group)$', '', head))}: {name}"
    first, _, rest = column.partition("_")
    return f"{SPLITS.get(first, first)} {rest.replace('_', ' ')}".strip()
