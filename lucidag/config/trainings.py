"""What a training asks of its data set: images that validate, groups to balance."""

from collections.abc import Iterator

from lucidag.config.schema import Config


def check_trainings(config: Config) -> Iterator[str]:
    """Yield a line for each training that asks for what its data set does not have, as far as that is known."""
    for name, model in config.models.items():
        dataset, train = config.datasets.get(model.dataset), model.train
        if dataset is None or train is None or model.repairs is not None:
            continue
        key = f"models.{name}.train"
        choosing = "keep" if train.keep == "best" else "patience" if train.patience is not None else None
        if choosing and dataset.has_validation() is False:
            yield f"{key}.{choosing}: needs validation images, and data set '{model.dataset}' has no split 'val'"
        if train.balance == "group" and not dataset.groups:
            yield f"{key}.balance: is group, and data set '{model.dataset}' names no `groups`"
