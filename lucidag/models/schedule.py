"""The course of the learning rate over the steps of a training."""

import math

from lucidag.models.settings import Train


def learning_rate(settings: Train, step: int, steps: int) -> float:
    """Give the learning rate of step `step` (from 0) of `steps`.

    Over the epochs of ``warmup`` it rises by equal amounts, and reaches ``lr`` with their last step. A cosine falls
    over the steps that are left; ``steps`` counts all epochs.
    """
    warm = settings.warmup * steps // settings.epochs
    if step < warm:
        return settings.lr * (step + 1) / warm
    if settings.schedule == "constant":
        return settings.lr
    if settings.schedule == "step":
        epoch = step * settings.epochs // steps
        return settings.lr * settings.factor ** sum(end <= epoch for end in settings.steps)
    return settings.lr * 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))
