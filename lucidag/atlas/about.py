"""What the results themselves do not tell: where each network comes from, and its seeds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Network:
    """A model as the configuration names it.

    Attributes
    ----------
    dataset, probe
        The data set that it learnt, and the one whose images its units are shown.
    architecture, family
        What it is, and the family that a grid or seeds made it of; its own name without one.
    """

    dataset: str
    probe: str
    architecture: str
    family: str


@dataclass(frozen=True)
class About:
    """What the page says of the configuration.

    Attributes
    ----------
    models
        By name.
    ranking
        The main order of the sweep.
    seeds
        By their key paths.
    """

    models: Mapping[str, Network]
    ranking: str = "l1"
    seeds: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> "About":
        """Return what a job's settings say."""
        models = {name: Network(**own) for name, own in settings["models"].items()}
        return cls(**{**settings, "models": models})
