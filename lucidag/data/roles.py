"""The fixed words of a manifest; nothing but the standard library, because the workflow reads them too."""

import re
from collections.abc import Mapping, Sequence

SPLITS = ("train", "val", "test")

# Columns of a manifest that are no metadata.
RESERVED = ("image", "path", "label", "true_label", "split", "id", "mask", "digest")

# What the splits are usually called, in any case, with or without a word of `FILLING` (train_images, Test Set).
SPLIT_NAMES = {
    "train": ("train", "training", "trn", "trainset"),
    "val": ("val", "valid", "validate", "validation", "dev", "development", "eval", "evaluation", "valset"),
    "test": ("test", "testing", "tst", "testset"),
}
FILLING = frozenset(("set", "split", "data", "dataset", "image", "images", "img", "imgs"))


def split_of(name: str, more: Mapping[str, Sequence[str]] | None = None) -> str | None:
    """Give the split that a name means, or None.

    Parameters
    ----------
    name
        What a folder is called, or a cell of a table says.
    more
        Further names by split; they come first, so that one of another split can be taken from it.

    >>> split_of("Training"), split_of("test_images"), split_of("circle")
    ('train', 'test', None)
    """
    plain = name.strip().casefold()
    for split, names in (more or {}).items():
        if plain in (each.strip().casefold() for each in names):
            return split
    words = [word for word in re.split(r"[\s_.-]+", plain) if word and word not in FILLING]
    return next((split for split, names in SPLIT_NAMES.items() if len(words) == 1 and words[0] in names), None)
