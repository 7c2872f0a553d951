"""What an atlas shows: which data sets, models and analyses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contents:
    """What the configuration asked for, in its order.

    Attributes
    ----------
    datasets
        All data sets.
    examined
        Models with retrieval of function.
    dossiers
        By model, the layers with a dossier.
    last
        By model with dossiers, the layer of the units in front of its last layer.
    probes
        By model, the data set that its units were shown.
    explained
        By model, the files with the maps of its explained images.
    studies, generalisation
        Studies of shortcuts, and of roles against generalisation.
    compared
        Whether there is a table of experiments.
    """

    datasets: Sequence[str]
    examined: Sequence[str] = ()
    dossiers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    last: Mapping[str, str] = field(default_factory=dict)
    probes: Mapping[str, str] = field(default_factory=dict)
    explained: Mapping[str, Sequence[str]] = field(default_factory=dict)
    studies: Sequence[str] = ()
    generalisation: Sequence[str] = ()
    compared: bool = False
