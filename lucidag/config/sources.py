"""The files outside the project that a configuration names, found (or missed) before anything runs."""

import os
from pathlib import Path

from lucidag.config.schema import Config, Dataset, Folder, Mnist, Polygons
from lucidag.data import labelme
from lucidag.data.listing import check_header, files_of
from lucidag.ground.errors import InputError
from lucidag.models.settings import Model

MNIST_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def dataset_files(dataset: Dataset) -> list[str]:
    """Return the files that a data set is made from; a changed one makes it stale.

    Raises
    ------
    InputError
        If a file or folder is missing; the sentence starts with the key of the data set's section.
    """
    if isinstance(dataset, Mnist):
        return _mnist_files(dataset)
    if isinstance(dataset, Folder):
        return _folder_files(dataset)
    if isinstance(dataset, Polygons):
        return _polygon_files(dataset)
    return []


def _polygon_files(dataset: Polygons) -> list[str]:
    try:
        return labelme.files_of(dataset.path)
    except InputError as error:
        raise InputError(f"path: {error}") from error


def _folder_files(dataset: Folder) -> list[str]:
    if not Path(dataset.path).exists():
        raise InputError(f"path: '{dataset.path}' does not exist (seen from {Path.cwd().name}/)")
    table = [dataset.path] if Path(dataset.path).is_file() else []
    columns = dataset.columns.named()
    try:
        if table and dataset.track == "table":  # of millions of images, each start would read the table twice
            check_header(dataset.path, columns)
        else:
            files = files_of(dataset.path, dataset.root, columns)
    except InputError as error:
        raise InputError(f"path: {error}") from error
    if dataset.track == "table":
        return table
    missing = [file for file in files if not Path(file).is_file()]
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise InputError(f"path: {dataset.path} names files that do not exist: {', '.join(missing[:3])}{more}")
    return table + files


def _mnist_files(dataset: Mnist) -> list[str]:
    if dataset.download:  # watched, they would be new inputs after the first run, which would then be made again
        return []
    raw = Path(dataset.root) / "MNIST" / "raw"
    found = []
    for name in MNIST_FILES:
        names = [path for path in (raw / name, raw / f"{name}.gz") if path.is_file()]
        if not names:
            raise InputError(f"root: {raw}/{name}.gz is missing; give the right root, or set `download: true`")
        found.append(str(names[0]))
    return found


def class_names(dataset: Dataset) -> list[str] | None:
    """Return the classes that the configuration names for a folder, by itself or in a file; None: it names none.

    Raises
    ------
    InputError
        If the file is missing, or a line of it is empty or stands twice; the sentence starts with the key.
    """
    classes = dataset.classes if isinstance(dataset, Folder) else None
    if not isinstance(classes, str):
        return classes
    try:
        names = Path(classes).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InputError(f"classes: file '{classes}' cannot be read: {reason}") from error
    first: dict[str, int] = {}
    for line, name in enumerate(names, start=1):
        if not name.strip():
            raise InputError(f"classes: {classes}, line {line} is empty")
        if first.setdefault(name, line) != line:
            raise InputError(f"classes: {classes}, line {line}: '{name}' stands in line {first[name]} already")
    if not names:
        raise InputError(f"classes: {classes} is empty")
    return names


def weight_files(model: Model) -> list[str]:
    """Return the local file that `weights` names, if it names a file.

    Raises
    ------
    InputError
        If it looks like a file and is not there.
    """
    if model.weights is None or not _is_path(model.weights):
        return []
    if not Path(model.weights).is_file():
        raise InputError(f"weights: file '{model.weights}' does not exist")
    return [model.weights]


def _is_path(weights: str) -> bool:
    return os.sep in weights or Path(weights).suffix in {".safetensors", ".pth", ".pt"}


def check_sources(config: Config, source: str) -> None:
    """Stop at the first missing file, with its key.

    Raises
    ------
    InputError
        One line: the configuration file, the key path, what is missing.
    """
    for name, dataset in config.datasets.items():
        try:
            dataset_files(dataset)
            class_names(dataset)
        except InputError as error:
            raise InputError(f"{source}: datasets.{name}.{error}") from error
    for name, model in config.models.items():
        try:
            weight_files(model)
        except InputError as error:
            raise InputError(f"{source}: models.{name}.{error}") from error
