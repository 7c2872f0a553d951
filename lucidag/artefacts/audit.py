"""The audit of one data set: what the finders see, what goes with the class, and how far that alone tells it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.artefacts.association import associations
from lucidag.artefacts.columns import sort_out
from lucidag.artefacts.finders import FINDERS, checked
from lucidag.artefacts.grading import Flags, flags, grade
from lucidag.artefacts.metadata_baseline import metadata_baseline
from lucidag.artefacts.settings import Audit
from lucidag.data.roles import RESERVED
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown

# Facts of a published audit of another collection of dermoscopic images, to stand beside these.
PUBLISHED = {
    "note": "Of another data set (dermoscopic images of several sources), not of this one.",
    "majority": 0.866,
    "rule": {"predicts": "external source: melanoma, else benign", "accuracy": 0.983},
    "ring_found": 1443,
    "ring_malignant": 1443,
}


def audit(
    table: pd.DataFrame,
    classes: Sequence[str],
    scores: pd.DataFrame,
    asked: Audit,
    truth: Mapping[str, str] | None = None,
    id_column: str | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Audit a data set.

    Parameters
    ----------
    table
        The manifest's: image, label, split, and the metadata columns; strings.
    classes
        The class names in their order.
    scores
        What `lucidag.artefacts.finders.scan` gives for the same images.
    asked
        How many values a column may have, and how intervals, halves and folds are drawn; 1 - its confidence is the
        level of the tests.
    truth
        By finder the column with a person's flags; a finder that is not named takes the first column that
        `lucidag.artefacts.finders.FINDERS` expects and the table has.
    id_column
        The patient or lesion, if a column holds it: it is left out of the tests, and keeps images together.

    Returns
    -------
    table, summary
        ``artefacts/{dataset}.csv``: image, and for each finder ``{finder}_score`` and ``{finder}_found`` (0 or 1).
        ``artefacts/{dataset}.json``: ``images``, ``classes`` (counts), ``id_column``, ``finders`` (by name what
        `lucidag.artefacts.grading.grade` gives), ``associations`` (see
        `lucidag.artefacts.association`), ``left_out`` (column: why), ``shortcut`` (see
        `lucidag.artefacts.metadata_baseline`), ``sentences`` and ``published``.

    Raises
    ------
    InputError
        If tables do not fit together, a column or finder does not exist, or flags are not 0 and 1.
    """
    names = checked([name for name in scores.columns if name != "image"])
    labels = _checked(table, classes, scores, id_column)
    ids = None if id_column is None else _ids(table, id_column)
    grades = {}
    for name, (flagged, column) in _truths(table, names, truth or {}).items():
        own = (FINDERS[name].threshold, FINDERS[name].fixed)
        grades[name] = grade(name, scores[name], flagged, column, *own, ids, asked.seed, asked.confidence)
    found = {name: scores[name].to_numpy(np.float64) > grades[name]["threshold"] for name in names}
    rows = _rows(scores, found)
    metadata = [column for column in table.columns if column not in RESERVED]
    columns, unfit = sort_out(table, metadata, id_column, asked.max_values)
    seen, unseen = sort_out(rows, [f"{name}_found" for name in names], None, asked.max_values)
    tested = pd.concat([columns, seen], axis=1)
    kinds = {str(column): "finder" if column in seen else "metadata" for column in tested}
    texts = [str(label) for label in table["label"]]
    splits = table["split"].tolist()
    told = metadata_baseline(columns, seen, labels, classes, splits, asked, ids)
    tests = associations(tested, kinds, texts, classes, asked.confidence, asked.seed, ids)
    summary = {
        "images": len(table),
        "classes": {name: texts.count(name) for name in classes},
        "id_column": id_column,
        "finders": grades,
        "associations": tests,
        "left_out": {**unfit, **unseen},
        "shortcut": told,
        "sentences": _sentences(texts, id_column, grades, tests, told, 1 - asked.confidence),
        "published": PUBLISHED,
    }
    return rows, summary


def _checked(
    table: pd.DataFrame, classes: Sequence[str], scores: pd.DataFrame, id_column: str | None
) -> NDArray[np.int64]:
    if len(table) == 0:
        raise InputError("the audit has no image")
    if scores["image"].tolist() != table["image"].tolist():
        raise InputError("the scores of the finders are not of the images of the manifest, in its order")
    if id_column is not None and id_column not in table.columns:
        raise InputError(unknown("id column", id_column, [str(column) for column in table.columns]))
    labels = pd.Index(classes).get_indexer(pd.Index(table["label"])).astype(np.int64)
    if (labels < 0).any():
        raise InputError(unknown("class", str(table["label"].iloc[int((labels < 0).argmax())]), classes))
    return labels


def _ids(table: pd.DataFrame, column: str) -> list[str]:
    """Give the ids; an image without one stands for itself."""
    cells = zip(table["image"].astype(str), table[column].astype(str).str.strip(), strict=True)
    return [f"id {cell}" if cell else f"image {image}" for image, cell in cells]


def _truths(
    table: pd.DataFrame, names: Sequence[str], given: Mapping[str, str]
) -> dict[str, tuple[Flags | None, str | None]]:
    """Give the flags that can grade each finder and the column they are from; None, None where there are none."""
    checked(list(given))
    found: dict[str, tuple[Flags | None, str | None]] = dict.fromkeys(names, (None, None))
    for name in names:
        for column in [given[name]] if name in given else FINDERS[name].truth:
            read = flags(table[column].tolist()) if column in table.columns else None
            if read is not None:
                found[name] = (read, column)
                break
            if name in given and column not in table.columns:
                raise InputError(unknown("column", column, [str(one) for one in table.columns]))
            if name in given:
                raise InputError(f"column '{column}' cannot grade finder '{name}': its cells must be 0 and 1")
    return found


def _rows(scores: pd.DataFrame, found: Mapping[str, Flags]) -> pd.DataFrame:
    columns: dict[str, Any] = {"image": scores["image"].tolist()}
    for name, marks in found.items():
        # Nine digits: a score is as exact as its image, and the last bits of a sum may differ between machines.
        columns[f"{name}_score"] = [float(f"{value:.9g}") for value in scores[name]]
        columns[f"{name}_found"] = marks.astype(int)
    return pd.DataFrame(columns)


def nothing_found(grades: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Say that no finder finds anything, if so: see `audit` for ``finders``."""
    if not grades or any(grade["found"] for grade in grades.values()):
        return []
    return [
        f"No finder found anything in any image ({', '.join(grades)}): they look for what dermoscopic images show, and "
        "other artefacts are asked for as columns of the data set."
    ]


def _sentences(
    labels: Sequence[str],
    id_column: str | None,
    grades: Mapping[str, Mapping[str, Any]],
    tests: Sequence[Mapping[str, Any]],
    told: Mapping[str, Any],
    level: float,
) -> list[str]:
    sentences = [grade["sentence"] for grade in grades.values()] + nothing_found(grades)
    if id_column is None:
        sentences.append("No id column is named, so images of one patient or lesion may be on both sides of a split.")
    if len(set(labels)) < 2:
        sentences.append(f"All images are of class '{labels[0]}', so nothing can go with the class.")
    elif not tests:
        sentences.append("There is no column that can be tested against the class.")
    else:
        sure = [one["column"] for one in tests if one["p_holm"] < level]
        named = f": {', '.join(sure)}" if sure else ""
        sentences.append(f"{len(sure)} of {len(tests)} columns go with the class (p < {level:.2g}, Holm){named}.")
    return [*sentences, told["sentence"]]
