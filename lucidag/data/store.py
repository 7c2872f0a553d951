"""The last step of every data source: labels corrupted where asked, then written as a manifest."""

from pathlib import Path

from lucidag.data.images import decode
from lucidag.data.leaks import owner_notes, telling_notes
from lucidag.data.looks import double_notes, look
from lucidag.data.manifest import write_manifest
from lucidag.data.roles import RESERVED
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
    notes = [*source.notes, *_doubts(source)]
    write_manifest(folder, table, source.classes, *arrays, source.irregularities, notes)
    return notes


def _doubts(source: Source) -> list[str]:
    """Say where images or columns may leak from one side of a split to the other, or tell the class."""
    table = source.table.astype(str)
    labels, splits = table["label"].tolist(), table["split"].tolist()
    # Of label maps the class itself may be one, as the place in drawn scenes.
    columns = {
        name: table[name].tolist()
        for name in table.columns
        if name not in RESERVED and name not in source.concept_names
    }
    looks = source.looks
    if looks is None and source.images is not None:
        looks = [look(image) for image in source.images]
    elif looks is None:
        looks = [look(decode(path)) for path in table["path"]]
    owners = {**columns, **({"id": table["id"].tolist()} if "id" in table.columns else {})}
    doubles = double_notes(looks, table["image"].tolist(), labels, splits)
    return [*owner_notes(owners, splits), *telling_notes(columns, labels), *doubles]
