"""The last step of every data source: labels corrupted where asked, then written as a manifest."""

from pathlib import Path

from lucidag.data.manifest import write_manifest
from lucidag.data.source import Source
from lucidag.data.splits import corrupt


def store(folder: str | Path, source: Source, corrupt_labels: float, seed: int) -> list[str]:
    """Write what a data source gave.

    With `corrupt_labels` above 0 that share of the training labels is redrawn (see
    `lucidag.data.splits.corrupt`), and the column ``true_label`` keeps what they were.

    Returns
    -------
    list of str
        What was left out, guessed or is doubtful, in sentences; they stand in ``dataset.json`` too.
    """
    table = source.table
    if corrupt_labels > 0:
        labels = table["label"].tolist()
        noisy = corrupt(labels, table["split"].tolist(), corrupt_labels, source.classes, seed)
        table = table.assign(label=noisy, true_label=labels)
    arrays = (source.images, source.masks, source.concepts, source.concept_names)
    notes = list(source.notes)
    write_manifest(folder, table, source.classes, *arrays, source.irregularities, notes)
    return notes
