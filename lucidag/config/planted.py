"""Check what is said of planted units: whether there are any, and images on which their truth can be told."""

from collections.abc import Iterator

from lucidag.config.faults import Faults
from lucidag.config.plan import Plan
from lucidag.planted.names import FACTORY, LAYER


def check_planted(plan: Plan, before: Faults) -> Iterator[str]:
    """Yield a line for each mistake about planted units.

    Parameters
    ----------
    plan
        Of the configuration.
    before
        What was found wrong before.
    """
    config = plan.config
    if config.planted is None or any(line.startswith("planted.models:") for line in before.lines):
        return
    if not plan.planted:
        yield f"planted: no model has the architecture '{FACTORY}'"
    for model in plan.planted:
        network = config.models[model]
        if network.architecture != FACTORY or network.train is None:
            yield f"planted.models: model '{model}' is not a network of '{FACTORY}' that is trained here"
        elif LAYER not in plan.layers.get(model, ()):
            yield f"planted: needs the labels of layer '{LAYER}' of model '{model}': name it in `dissect.layers`"
        elif not config.datasets[plan.probe(model)].captions:
            yield f"planted: the probe set '{plan.probe(model)}' has not the concepts of drawn scenes"
        else:
            yield from _check_sizes(plan, model)


def _check_sizes(plan: Plan, model: str) -> Iterator[str]:
    """Find images whose label maps do not lie on the maps of units: those are of one size, and without a margin."""
    from lucidag.models.planted_units import SIZE  # slow, and seldom asked for

    probe, frame = plan.probe(model), plan.config.models[model].input
    why = f"the units planted in model '{model}' are made for images of {SIZE} x {SIZE} pixels"
    found = getattr(plan.config.datasets[probe], "size", SIZE)
    if found != SIZE:
        yield f"datasets.{probe}.size: found {found}; {why}, and these are its probe set"
    if frame.size != SIZE:
        yield f"models.{model}.input.size: found {frame.size}; {why}"
    elif frame.resize == "crop" and frame.scaled != SIZE:
        yield f"models.{model}.input.resize: found 'crop'; {why}, which have no margin to cut off"
