"""Which images are explained: the ids of a configuration checked, and cut into jobs."""

from collections.abc import Sequence

from lucidag.config.load import explained_models, relevance_models
from lucidag.config.schema import Config, Dataset, Digits, Folder, Lesions, Scenes
from lucidag.config.targets import check_target
from lucidag.data.listing import Entry, entries, image_ids
from lucidag.explain.methods.registry import LIME
from lucidag.explain.settings import Explain
from lucidag.ground.errors import InputError
from lucidag.ground.shards import cut, shard_names
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
            raise InputError(f"{key}: image '{repeated}' is listed twice")
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


def explained_images(config: Config, model: str) -> list[str]:
    """Return the ids of the images that are explained for a model; none where it is not explained."""
    if config.explain is None or model not in explained_models(config):
        return []
    return list(config.explain.chosen(config.models[model].dataset))


def batches(config: Config, model: str, family: str) -> dict[str, list[str]]:
    """Return the jobs that explain the images of a model by a family: the first image of each, and all of it.

    An image with settings of LIME of its own has a job of LIME of its own.
    """
    if config.explain is None:
        return {}
    frames = config.explain.chosen(config.models[model].dataset)
    images = explained_images(config, model)
    alone = [image for image in images if family == LIME and frames[image].lime.model_fields_set]
    shared = [image for image in images if image not in alone]
    return {**{image: [image] for image in alone}, **_cut(config.explain, shared)}


def atlas_images(config: Config, model: str) -> list[str]:
    """Return the images whose units are shown in a concept atlas."""
    atlas = config.relevance.atlas if config.relevance is not None else None
    return explained_images(config, model)[: atlas.images] if atlas and model in relevance_models(config) else []


def measured_shards(config: Config, model: str) -> dict[str, list[str]]:
    """Return the jobs that measure the explanations of a model: the name of each shard, and its images."""
    parts = cut(explained_images(config, model), config.faithfulness.shards if config.faithfulness is not None else 1)
    return dict(zip(shard_names(len(parts)), parts, strict=True))


def _cut(explain: Explain, images: Sequence[str]) -> dict[str, list[str]]:
    size = explain.images_per_job
    if explain.shards is None:
        # In fixed numbers, so that images added at the end leave the jobs before them as they are.
        parts = [list(images[start : start + size]) for start in range(0, len(images), size)]
    else:
        parts = cut(images, explain.shards)
    return {part[0]: part for part in parts}


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
