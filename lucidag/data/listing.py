"""What a folder source consists of, without opening an image: standard library only, so that it is quick."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from lucidag.data.entry import Entry, Listing
from lucidag.data.headings import Named
from lucidag.data.layout import arrange
from lucidag.data.roles import split_of
from lucidag.data.table import Reading, list_table
from lucidag.data.walk import walk
from lucidag.ground.errors import InputError
from lucidag.ground.files import is_file, is_folder
from lucidag.ground.spelling import nearest


def list_images(
    path: str | Path,
    root: str | Path | Sequence[str | Path] | None = None,
    columns: Named | None = None,
    split_names: Mapping[str, Sequence[str]] | None = None,
    split_folders: bool = True,
    leave_out: Sequence[str] = (),
    classes: Sequence[str] | None = None,
    reading: Reading | None = None,
) -> Listing:
    """List the images of a source.

    Parameters
    ----------
    path
        A CSV file with a header, or a folder: see `lucidag.data.layout.arrange`.
    root
        What the paths in the CSV file are relative to, also several folders; None is the file's own folder.
    columns
        For the roles image, label, split, mask and id: the column of the CSV file, see
        `lucidag.data.headings.find_headings`.
    split_names
        Names of splits beyond the usual ones, see `lucidag.data.roles.split_of`.
    split_folders
        Whether folders can be splits.
    leave_out
        Patterns of names of files and folders that are left out of a folder.
    classes
        The classes in their order, where the configuration lists them.
    reading
        How the CSV file is read, and which others belong to it.

    Raises
    ------
    InputError
        If the path or a column does not exist, or the file or folder is not laid out as above.
    """
    path, reading = Path(path), reading or Reading()
    if is_folder(path):
        if reading != Reading():
            raise InputError(f"{path} is a folder; `delimiter`, `encoding`, `suffix` and `join` are for tables")
        tree = walk(path, leave_out)
        meant = partial(split_of, more=split_names) if split_folders else lambda _: None
        placed, notes = arrange(str(path), tree, meant, classes)
        found = [
            Entry("/".join(one.place), (path / Path(*one.place)).as_posix(), one.label, one.split) for one in placed
        ]
        return Listing(found, False, dict(sorted(tree.left_out.items())), [*filter(None, [tree.said()]), *notes])
    if is_file(path):
        folders = [root] if isinstance(root, str | Path) else root or [path.parent]
        return list_table(path, [Path(each) for each in folders], columns or {}, split_names, classes, reading)
    siblings = [item.name for item in path.parent.iterdir()] if is_folder(path.parent) else []
    raise InputError(f"{path} does not exist{nearest(path.name, siblings)}")
