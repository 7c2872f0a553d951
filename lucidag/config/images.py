"""The images that are explained: the ids of a configuration checked, and the files behind them."""

from lucidag.config.schema import Config
from lucidag.config.targets import check_target
from lucidag.ground.errors import InputError
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
            raise InputError(f"{key}: '{repeated}' is listed twice")
        for image, pixels in chosen.items():
            if known is not None and image not in known:
                raise InputError(f"{key}: {unknown('image', image, known)}")
            check_target(f"{key}.{image}.target", pixels.target, config.datasets[name])
        written[name] = chosen
    return config.model_copy(update={"explain": config.explain.model_copy(update={"images": written})})
