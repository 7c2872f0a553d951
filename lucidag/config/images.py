"""Which images are explained: the ids of a configuration checked, and cut into jobs."""

from collections.abc import Sequence

from lucidag.config.explain import Explain
from lucidag.config.load import explained_models, relevance_models
from lucidag.config.schema import Config
from lucidag.config.targets import check_target
from lucidag.ground.errors import InputError
from lucidag.ground.shards import cut, shard_names
from lucidag.ground.spelling import unknown


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
        known = config.datasets[name].image_ids()
        if listed == "all":
            if known is None or config.datasets[name].arrays:
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


def explained_images(config: Config, model: str) -> list[str]:
    """Return the ids of the images that are explained for a model; none where it is not explained."""
    if config.explain is None or model not in explained_models(config):
        return []
    return list(config.explain.chosen(config.models[model].dataset))


def cam_batches(config: Config, model: str) -> dict[str, list[str]]:
    """Return the jobs of class activation maps: the first image of each, and all of it."""
    if config.explain is None or config.explain.cam is None:
        return {}
    return _cut(config.explain, explained_images(config, model))


def relevance_batches(config: Config, model: str) -> dict[str, list[str]]:
    """Return the jobs of relevance as `cam_batches`; none where a model's relevance is not asked for."""
    if config.explain is None or model not in relevance_models(config):
        return {}
    return _cut(config.explain, explained_images(config, model))


def atlas_images(config: Config, model: str) -> list[str]:
    """Return the images whose units are shown in a concept atlas."""
    atlas = config.relevance.atlas if config.relevance is not None else None
    return explained_images(config, model)[: atlas.images] if atlas and model in relevance_models(config) else []


def lime_batches(config: Config, model: str) -> dict[str, list[str]]:
    """Return the jobs of LIME as `cam_batches`; an image with settings of its own has a job of its own."""
    if config.explain is None or config.explain.lime is None:
        return {}
    frames = config.explain.chosen(config.models[model].dataset)
    images = explained_images(config, model)
    alone = [image for image in images if frames[image].lime.model_fields_set]
    shared = [image for image in images if image not in alone]
    return {**{image: [image] for image in alone}, **_cut(config.explain, shared)}


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
