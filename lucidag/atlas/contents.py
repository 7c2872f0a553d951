"""What an atlas shows: which data sets, models and analyses, and the files of results that it reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contents:
    """What the configuration asked for.

    Attributes
    ----------
    datasets
        From data sets to their files.
    models
        From models to the data sets that they are examined on.
    architectures
        By model, in the words of the configuration.
    examined
        Models with retrieval of function.
    dossiers
        By model, the layers with a dossier.
    unit_models
        Models with effects of units.
    penultimate
        By model, the layer of the units that effects and retrieval of function are about.
    probes
        By model, the data set that its units were shown.
    explained
        By model, the files with the maps of its explained images.
    measured
        Models whose explanations were measured for faithfulness.
    audited, studies, discovered, repairs, generalisation
        Data sets that were audited; studies of shortcuts; models that were looked into; repairs; studies.
    compared
        Whether there is a table of experiments.
    claims
        Whether there is a ledger of claims.
    """

    datasets: Mapping[str, Sequence[str]]
    models: Mapping[str, str]
    architectures: Mapping[str, str] = field(default_factory=dict)
    examined: Sequence[str] = ()
    dossiers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unit_models: Sequence[str] = ()
    penultimate: Mapping[str, str] = field(default_factory=dict)
    probes: Mapping[str, str] = field(default_factory=dict)
    explained: Mapping[str, Sequence[str]] = field(default_factory=dict)
    measured: Sequence[str] = ()
    audited: Sequence[str] = ()
    studies: Sequence[str] = ()
    discovered: Sequence[str] = ()
    repairs: Sequence[str] = ()
    generalisation: Sequence[str] = ()
    compared: bool = False
    claims: bool = False

    def files(self) -> list[str]:
        """Return the files that the atlas reads, relative to the folder of results."""
        return list(dict.fromkeys(self._files()))

    def _files(self) -> Iterator[str]:
        yield from (file for files in self.datasets.values() for file in files)
        yield from (f"models/{model}/evaluation.json" for model in self.models)
        for model in self.examined:
            yield from (f"rof/{model}/{file}" for file in ("sweep.csv", "turning_points.json", "roles.csv"))
        for model, layers in self.dossiers.items():
            yield from (f"units/{model}/{layer}.{suffix}" for layer in layers for suffix in ("csv", "json"))
        yield from (f"units/{model}/{file}" for model in self.unit_models for file in ("effects.csv", "effects.json"))
        for model, maps in self.explained.items():
            yield from maps
            yield from (f"agreement/{model}.csv", f"agreement/{model}-summary.csv")
            yield from (f"localisation/{model}.csv", f"localisation/{model}-summary.csv")
        yield from (f"faithfulness/{model}-ranking.csv" for model in self.measured)
        yield from (f"artefacts/{dataset}.json" for dataset in self.audited)
        for study in self.studies:
            yield from (f"shortcuts/{study}/summary.json", f"shortcuts/{study}/probabilities.csv")
        yield from (f"discovery/{model}.json" for model in self.discovered)
        yield from (f"repair/{name}/summary.json" for name in self.repairs)
        for name in self.generalisation:
            yield from (f"generalisation/{name}/roles.csv", f"generalisation/{name}/correlation.json")
        if self.compared:
            yield from ("experiments.csv", "experiments.json", "experiments/factors.csv", "experiments/factors.json")
        if self.claims:
            yield "claims.csv"
