"""Which column of a table has which role: as it is told, or as it is usually called. Standard library only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lucidag.data.walk import is_image
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import check_known, unknown

ROLES = ("image", "label", "split", "mask", "id")
# Names of columns that mean the role, in any case, with `_` for what stands between words.
USUAL = {
    "image": frozenset(
        (
            *("image", "images", "img", "file", "filename", "file_name", "path", "filepath", "file_path"),
            *("image_path", "image_file", "image_filename", "image_file_name", "image_name", "image_id"),
            *("img_path", "img_file", "img_name", "img_id", "id_code", "isic_id"),
        )
    ),
    "label": frozenset(
        ("label", "labels", "class", "class_name", "target", "diagnosis", "dx", "category")  # never numbers of classes
    ),
}

Named = Mapping[str, str | Sequence[str] | None]


@dataclass(frozen=True)
class Headings:
    """The columns of the roles.

    Attributes
    ----------
    columns
        The column of each role that has one.
    one_hot
        The columns of the classes, where each class has its own; None where there are none, or they are still to be
        found among the others.
    notes
        What was guessed, in sentences.
    """

    columns: dict[str, str]
    one_hot: list[str] | None = None
    notes: list[str] = field(default_factory=list)


def find_headings(file: Path, header: Sequence[str], told: Named) -> Headings:
    """Find the columns of the roles.

    A role has the column that is told, or else the one of its own name; image and label have, without one, the only
    column with one of their `USUAL` names.

    Parameters
    ----------
    file
        The table, for messages.
    header
        Its columns.
    told
        Roles to columns; of the label also a list, with a column for each class. None says that there is none.

    Raises
    ------
    InputError
        If a role or a column does not exist, there is no column for the image, or several could be one.
    """
    for role in told:
        check_known("role", role, ROLES, "columns")
    for role in ("image", "label"):
        if told.get(role, role) is None:
            raise InputError(f"{file}: a column for '{role}' must be named")
    label = told.get("label")
    one_hot = None if label is None or isinstance(label, str) else list(label)
    columns = {role: column for role, column in told.items() if isinstance(column, str)}
    for column in [*columns.values(), *(one_hot or ())]:
        check_known("column", column, header, file)
    taken = {*columns.values(), *(one_hot or ())}
    columns |= {role: role for role in ROLES if role not in told and role in header and role not in taken}
    notes = []
    for role, usual in USUAL.items():
        if role in told or role in columns:
            continue
        free = [column for column in header if column not in columns.values()]
        found = [column for column in free if _plain(column) in usual]
        if len(found) > 1:
            names = " and ".join(f"'{column}'" for column in found)
            raise InputError(f"{file}: columns {names} could each be the {role}; name one by `columns: {{{role}: …}}`")
        if found:
            columns[role] = found[0]
            notes.append(f"column '{found[0]}' is taken for the {role}; `columns` names another")
        elif role == "image":
            if shown := next(filter(is_image, header), None):
                raise InputError(f"{file}: the first line must name the columns, and it holds an image, {shown}")
            raise InputError(f"{file}: {unknown('column', role, header)}; name yours by `columns: {{{role}: …}}`")
    return Headings(columns, one_hot, notes)


def names_the_image(told: Named, header: Sequence[str]) -> bool:
    """Tell whether a header has the column of the image, as it is told or usually called."""
    column = told.get("image")
    return column in header if column is not None else any(_plain(name) in USUAL["image"] for name in header)


def _plain(column: str) -> str:
    """Write a name as in `USUAL`: ``Image ID`` and ``ImageId`` become ``image_id``."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", column)
    return "_".join(word for word in re.split(r"[\W_]+", apart.casefold()) if word)
