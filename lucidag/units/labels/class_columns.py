"""Columns of a data set that tell the class: labels of units by them are circular. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.units.names import plain_name


@dataclass(frozen=True)
class ChosenColumns:
    """The columns whose values are concepts.

    Attributes
    ----------
    columns
        The chosen ones; none where label maps tell what images show.
    circular
        Those of them that tell the class which the network learnt to name.
    notes
        What was decided or left out, in sentences.
    """

    columns: tuple[str, ...]
    circular: tuple[str, ...]
    notes: tuple[str, ...]


def chosen_columns(
    manifest: Manifest, rows: NDArray[np.int64], named: Sequence[str], classes: Sequence[str]
) -> ChosenColumns:
    """Choose the columns whose values are concepts.

    Parameters
    ----------
    manifest, rows
        The data set, and the row numbers that make the probe set.
    named
        The columns that the user names, which are taken; where there are none, label maps are, and in a data set
        without any all columns but those that tell the class, have one value, or another one in most images.
    classes
        Of the network.

    Raises
    ------
    InputError
        If no column is left.
    """
    if not named and manifest.concepts:
        return ChosenColumns((), (), ())
    telling = class_columns(manifest, classes)
    if named:
        circular = tuple(column for column in named if column in telling)
        words = f"labels by {', '.join(circular)} are circular: the class, which the network learnt to name, follows"
        return ChosenColumns(tuple(named), circular, (f"{words} from it",) if circular else ())
    table = manifest.table.iloc[rows]
    able = [column for column in ("label", "true_label") if column in table] + list(manifest.metadata)
    says_little = [column for column in able if column not in telling and not says_something(table[column])]
    left = tuple(column for column in able if column not in (*telling, *says_little))
    why = (("they tell the class", telling), ("one value, or another in most images", says_little))
    reasons = "; ".join(f"{', '.join(columns)} ({reason})" for reason, columns in why if columns)
    if not left:
        raise InputError(
            f"{manifest.file}: no column is left whose values can be concepts, without {reasons or 'any'}; name "
            "`dissect.clip_dissect.columns`"
        )
    found = f"labels by annotations are values of the columns {', '.join(left)}"
    return ChosenColumns(left, (), (f"{found}; left out: {reasons}" if reasons else found,))


def class_columns(manifest: Manifest, classes: Sequence[str]) -> tuple[str, ...]:
    """Give the columns that tell a network's class: the label, and those each of whose values has one label only.

    There are none in a data set that shares no class with the network. Images without a value do not count.

    Parameters
    ----------
    manifest
        The data set.
    classes
        Of the network.
    """
    if not {plain_name(name) for name in classes} & {plain_name(name) for name in manifest.classes}:
        return ()
    labels = [column for column in ("label", "true_label") if column in manifest.table]
    told = [
        column
        for column in manifest.metadata
        if any(_tells(manifest.table[column], manifest.table[label]) for label in labels)
    ]
    return (*labels, *told)


def _tells(values: pd.Series, labels: pd.Series) -> bool:
    filled = values != ""
    if not filled.any() or labels.nunique() < 2:
        return False
    return bool((labels[filled].groupby(values[filled]).nunique() == 1).all())


def says_something(values: pd.Series) -> bool:
    """Tell whether values tell images apart and are shared by images, two on average."""
    filled = values[values != ""]
    distinct = filled.nunique()
    if distinct == 0 or (distinct == 1 and len(filled) == len(values)):
        return False
    return 2 * distinct <= len(filled)
