"""The images that are explained: the ids of a configuration checked, and the files behind them."""

from collections.abc import Sequence

from lucidag.config.schema import Config, Dataset, Digits, Folder, Lesions, Scenes
from lucidag.config.targets import check_target
from lucidag.data.listing import Entry, entries, image_ids
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown

DIGITS = 1797  # images that scikit-learn ships


def write_out_images(config: Config, source: str) -> Config:
    """Return the configuration with ``all`` written out as the ids of the images.

    Raises
    ------
    InputError
        For an id that a data set does not have, ``all`` of a data set that is no folder, or a target that is none
        of its classes: one line with the key.
    """
    if config.explain is None:
        return config
    written = {}
    for name, listed in config.explain.images.items():
        key = f"{source}: explain.images.{name}"
        known = _known_ids(config.datasets[name])
        if listed == "all":
            if known is None or not isinstance(config.datasets[name], Folder):
                raise InputError(f"{key}: 'all' is for folders of images; list ids here, as in manifest.csv")
            listed = known
        chosen = config.explain.model_copy(update={"images": {name: listed}}).chosen(name)
        if len(chosen) < len(listed):
            repeated = next(image for image in listed if list(listed).count(image) > 1)
            raise InputError(f"{key}: '{repeated}' is listed twice")
        for image, pixels in chosen.items():
            if known is not None and image not in known:
                raise InputError(f"{key}: {unknown('image', image, known)}")
            check_target(f"{key}.{image}.target", pixels.target, config.datasets[name])
        written[name] = chosen
    return config.model_copy(update={"explain": config.explain.model_copy(update={"images": written})})


def image_rows(dataset: Dataset, images: Sequence[str]) -> list[dict[str, str]]:
    """Return what a job has to know to read these images: of a folder their files and labels, else the ids alone."""
    if not isinstance(dataset, Folder):
        return [{"image": image} for image in images]
    found = _entries_by_id(dataset)
    return [
        {"image": image, "path": found[image].path, "mask": found[image].mask, "label": found[image].label}
        for image in images
    ]


def image_files(dataset: Dataset, images: Sequence[str]) -> list[str]:
    """Return the files of these images of a folder; of other sources none, as they are in one file."""
    rows = image_rows(dataset, images) if isinstance(dataset, Folder) else []
    return [file for row in rows for file in (row["path"], row["mask"]) if file]


def _known_ids(dataset: Dataset) -> list[str] | None:
    if isinstance(dataset, Folder):
        return list(_entries_by_id(dataset))
    if isinstance(dataset, Digits):
        return [f"digit-{index:04d}" for index in range(DIGITS)]
    if isinstance(dataset, Lesions | Scenes):
        return [f"{dataset.source.removesuffix('s')}-{index:05d}" for index in range(dataset.number)]
    return None


def _entries_by_id(dataset: Folder) -> dict[str, Entry]:
    found = entries(dataset.path, dataset.root, dataset.columns.named())
    return dict(zip(image_ids(dataset.path, found), found, strict=True))
