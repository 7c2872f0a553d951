"""What a configuration asks for: which models, layers, images, jobs and files."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from lucidag.artefacts.study_settings import WITH, WITHOUT
from lucidag.config.arms import arms, family, studied_models
from lucidag.config.methods import compared_methods
from lucidag.config.repaired import repair_arms
from lucidag.config.schema import Config
from lucidag.config.sources import listable
from lucidag.data.roles import SPLITS
from lucidag.explain.methods.registry import LIME, SLOW, families, name_of
from lucidag.explain.settings import Image
from lucidag.ground.shards import cut, shard_names
from lucidag.models.settings import Model
from lucidag.planted.names import FACTORY, LAYER
from lucidag.units.names import ANNOTATIONS, NETDISSECT, UNTRAINED

Wildcards = Mapping[str, str]
Batches = dict[str, list[str]]  # what a job is called, and its images


class Plan:
    """What a checked configuration asks for.

    Parameters
    ----------
    config
        The configuration, with its families of models and its images written out.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self._jobs: dict[tuple[str, str], Batches] = {}  # every job of an image asks for them

    def at(self, *parts: str) -> str:
        """Return a path under the folder of results."""
        return "/".join([self.config.results, *parts])

    # Data sets and models

    @cached_property
    def sources(self) -> dict[str, list[str]]:
        """Return the data sets of each source; a source of the user's own is named as a word."""
        found: dict[str, list[str]] = {}
        for name, dataset in self.config.datasets.items():
            found.setdefault(re.sub(r"\W", "_", dataset.source), []).append(name)
        return found

    def data_outputs(self, name: str, folder: str) -> dict[str, str]:
        """Return the files that a data set is made into, by what is in them, under `folder` of all data sets."""
        dataset = self.config.datasets[name]
        found = {"manifest": "manifest.csv", "summary": "dataset.json"}
        if dataset.arrays:
            found["images"] = "images.safetensors"
        elif dataset.label_maps:
            found["concepts"] = "concepts.safetensors"
        return {what: self.at("data", folder, file) for what, file in found.items()}

    def data_files(self, name: str) -> list[str]:
        """Return the files that a data set is made into."""
        return list(self.data_outputs(name, name).values())

    def model_data(self, model: str) -> list[str]:
        """Return the files of the data set that a model is examined on."""
        return self.data_files(self.config.models[model].dataset)

    def class_data(self, model: str) -> list[str]:
        """Return the files that tell a model's classes: none where the configuration does, so that no image is read."""
        return [] if self.config.datasets[self.config.models[model].dataset].named_classes() else self.model_data(model)

    def checkpoint(self, model: str) -> str:
        """Return the checkpoint of a model."""
        return self.at("models", model, "checkpoint.safetensors")

    def repair_features(self, model: str) -> str:
        """Return the features that a repaired model is made from: those of the model before, of one split."""
        repair = self.config.repair[self.config.models[model].repaired_by or ""]
        return self.at("features", self.original(model), f"{repair.split}.safetensors")

    def import_checks(self, model: str) -> list[str]:
        """Return what was found about how an imported model is fed and read; nothing where its head is new."""
        asked = model in self.imported and not self.config.models[model].fresh_head
        return [self.at("models", model, "import.json")] if asked else []

    def training(self, model: str) -> list[str]:
        """Return the history of a model's training; nothing where it was not trained here."""
        return [self.at("models", model, "history.csv")] if model in self.trained else []

    def histories(self, models: Iterable[str]) -> list[str]:
        """Return the histories of the trainings that may have diverged."""
        return [self.at("models", model, "history.csv") for model in models if model in self.trained_members]

    def family(self, name: str) -> list[str]:
        """Return the models that a name stands for: itself, or the repetitions of a family over seeds."""
        return family(self.config, name)

    def kinship(self, name: str) -> tuple[str, str]:
        """Return the family of a model, and its block: those that differ in nothing but their seed."""
        member = self.config.members.get(name)
        return (name, name) if member is None else (member.family, member.block)

    @cached_property
    def families_of_models(self) -> dict[str, list[str]]:
        """The families that grids and seeds made, and their models."""
        found: dict[str, list[str]] = {}
        for name in self.config.models:
            if name in self.config.members:
                found.setdefault(self.kinship(name)[0], []).append(name)
        return found

    def networks(self, wildcards: Wildcards) -> list[Model]:
        """Return the models whose networks a job runs: that of its name, or those of its study."""
        study = wildcards.get("study", "")
        if repair := wildcards.get("repair", ""):
            names = [name for own in repair_arms(self.config, repair).values() for name in own]
        else:
            names = studied_models(self.config, study) if study in self.config.shortcuts else [wildcards["model"]]
        return [self.config.models[name] for name in names]

    def study_data(self, study: str) -> list[str]:
        """Return the files of the data set whose images a study of a shortcut edits."""
        return self.model_data(arms(self.config, study)[WITHOUT][0])

    @cached_property
    def trained(self) -> list[str]:
        """The models that are trained here."""
        return [name for name, model in self.config.models.items() if model.train is not None and model.repairs is None]

    @cached_property
    def trained_members(self) -> list[str]:
        """Those of them that a grid or seeds made."""
        return [name for name in self.trained if name in self.config.members]

    @cached_property
    def imported(self) -> list[str]:
        """The models whose weights are taken as they are."""
        return [name for name in self.config.models if name not in {*self.trained, *self.repaired}]

    @cached_property
    def repaired(self) -> list[str]:
        """The models that are repaired copies of others."""
        return [name for name, model in self.config.models.items() if model.repairs is not None]

    @cached_property
    def others(self) -> list[str]:
        """The models that no training here has a history of: imported and repaired ones."""
        return [*self.imported, *self.repaired]

    def original(self, model: str) -> str:
        """Return the model that a repaired one is a copy of."""
        name = self.config.models[model].repairs
        assert name is not None
        return name

    @cached_property
    def feature_shards(self) -> dict[str, list[str]]:
        """The models whose features several jobs compute, and the shards of these."""
        return {name: shard_names(model.shards) for name, model in self.config.models.items() if model.shards > 1}

    def shards_of_features(self, model: str, split: str) -> list[str]:
        """Return the files with the shards of a model's features."""
        return [
            self.at("features", model, "shards", f"{split}-{shard}.safetensors") for shard in self.feature_shards[model]
        ]

    # Retrieval of function

    @cached_property
    def examined(self) -> list[str]:
        """The models whose units are examined."""
        return [] if self.config.rof is None else self._members(self.config.rof.models)

    @cached_property
    def gridded(self) -> list[str]:
        """Those whose logits are not linear in their units, which are switched on at a grid of numbers of units."""
        return [name for name in self.examined if self.config.models[name].on_a_grid]

    @cached_property
    def first(self) -> str | None:
        """The model whose curves a run draws first: of those examined, the one that is soonest made ready."""
        return min(self.examined, key=self._effort, default=None)

    def _effort(self, name: str) -> int:
        """Return about what it takes to make a model ready: pixels of an image, times the epochs of all trainings."""
        model = self.config.models[name]
        before = self._effort(model.repairs) if model.repairs is not None else 0
        return before + model.input.size**2 * (1 if model.train is None else model.train.epochs)

    def wanted_first(self, wildcards: Wildcards) -> bool:
        """Tell whether a job makes what the first curves are drawn from."""
        if self.first is None:
            return False
        own = {"model": self.first, "dataset": self.config.models[self.first].dataset}
        return any(wildcards.get(key) == name for key, name in own.items())

    @property
    def first_curves(self) -> dict[str, str]:
        """The job that draws the first curves, as the terminal names it, and the figure to look at."""
        name = self.first
        return {} if name is None else {f"figures_rof model={name}": self.at("figures", "rof", name, "accuracy.png")}

    def studied(self, study: str) -> list[str]:
        """Return the models that a study of generalisation compares."""
        return self._members(self.config.generalisation[study].models)

    # Explanations of single images

    @cached_property
    def explained_models(self) -> list[str]:
        """The models whose decisions are explained."""
        return [] if self.config.explain is None else self._members(self.config.explain.models)

    @cached_property
    def explained(self) -> dict[str, list[str]]:
        """These models, and the images."""
        return {model: list(self.chosen(model)) for model in self.explained_models}

    def hand_picked(self, model: str) -> bool:
        """Say whether the explained images of a model are named one by one."""
        explain = self.config.explain
        return explain is not None and explain.hand_picked(self.config.models[model].dataset)

    def chosen(self, model: str) -> dict[str, Image]:
        """Return the images that are explained for a model, each with what it has of its own."""
        return self.config.explain.chosen(self.config.models[model].dataset) if self.config.explain else {}

    @cached_property
    def checked(self) -> dict[str, list[str]]:
        """The models whose maps are compared with those of the libraries that have the methods, and the images."""
        asked = self.config.explain.check if self.config.explain else "none"
        many = {"none": 0, "first": 1, "all": None}[asked]
        return {model: images[:many] for model, images in self.explained.items() if images[:many]}

    def checked_units(self, model: str) -> list[str]:
        """Return the files with the units of decisions that are compared too."""
        images = [image for image in self.atlas.get(model, ()) if image in self.checked[model]]
        return [self.at("relevance", model, "crp", f"{image}.safetensors") for image in images]

    def families(self, model: str) -> dict[str, list[str]]:
        """Return the methods that explain a model, by family: those of one family are made in one job."""
        return families(self.config.explain.taken(model)) if self.config.explain else {}

    def methods(self, model: str) -> list[str]:
        """Return their names in files and tables."""
        return [name_of(method) for methods in self.families(model).values() for method in methods]

    @cached_property
    def alike(self) -> list[list[str]]:
        """The explained models, those together that the same methods explain."""
        found: dict[tuple[str, ...], list[str]] = {}
        for model in self.explained:
            found.setdefault(tuple(self.methods(model)), []).append(model)
        return list(found.values())

    def drawing_jobs(self, model: str) -> Batches:
        """Return the jobs that draw a model's images: the first image of each, and all of it."""
        return self._batches(list(self.chosen(model)))

    @cached_property
    def drawings(self) -> list[tuple[list[str], str]]:
        """The models whose jobs that draw images write the same files of each, and the name of such a job."""
        found: dict[tuple[tuple[str, ...], ...], tuple[list[str], str]] = {}
        for model in self.explained:
            for batch, images in self.drawing_jobs(model).items():
                models, _ = found.setdefault((tuple(self.methods(model)), tuple(images)), ([], batch))
                models.append(model)
        return list(found.values())

    @cached_property
    def tuned(self) -> list[str]:
        """The models for which settings of LIME are searched."""
        tuning = self.config.explain.lime.tuning if self.config.explain is not None else None
        if tuning is None:
            return []
        asked = self._members(tuning.models, self.explained_models)
        return [model for model in asked if LIME in self.families(model)]

    def batches(self, model: str, family: str) -> Batches:
        """Return the jobs that explain a model's images by a family: the first image of each, and all of it.

        An image with settings of LIME of its own has a job of LIME of its own.
        """
        if (model, family) not in self._jobs:
            chosen = self.chosen(model)
            alone = {image: [image] for image, own in chosen.items() if family == LIME and own.lime.model_fields_set}
            self._jobs[model, family] = alone | self._batches([image for image in chosen if image not in alone])
        return self._jobs[model, family]

    def maps(self, model: str, named: Iterable[str], images: Iterable[str] | None = None) -> list[str]:
        """Return the files with a model's explanations by families: all, or those that hold some images."""
        wanted = set(self.explained[model] if images is None else images)
        return [
            self.at("explanations", model, "maps", family, f"{batch}.safetensors")
            for family in named
            for batch, own in self.batches(model, family).items()
            if wanted.intersection(own)
        ]

    def compared(self, analysis: str, model: str) -> list[str]:
        """Return the files with the explanations that agreement, localisation or faithfulness is about."""
        return self.maps(model, families(compared_methods(self.config, analysis, model)))

    def stored(self, wildcards: Wildcards) -> list[str]:
        """Return the files with the maps of methods that faithfulness does not ask again, of a job's images."""
        model, shard = wildcards["model"], wildcards.get("shard")
        slow = [family for family in families(compared_methods(self.config, "faithfulness", model)) if family in SLOW]
        return self.maps(model, slow, self.measured[model][shard] if shard else None)

    @cached_property
    def relevance_models(self) -> list[str]:
        """The explained models whose units' relevance is computed."""
        section = self.config.relevance
        return [] if section is None else self._members(section.models, self.explained_models)

    @cached_property
    def atlas(self) -> dict[str, list[str]]:
        """These models, and the images whose units are shown in a concept atlas."""
        atlas = self.config.relevance.atlas if self.config.relevance else None
        return {model: self.explained[model][: atlas.images] if atlas else [] for model in self.relevance_models}

    def atlas_layer(self, model: str) -> str | None:
        """Return the layer whose units are shown in a concept atlas; None before it is found in the network."""
        atlas = self.config.relevance.atlas if self.config.relevance else None
        return atlas.layers.get(model) if atlas else None

    @cached_property
    def measured_models(self) -> list[str]:
        """The explained models whose explanations are measured."""
        section = self.config.faithfulness
        return [] if section is None else self._members(section.models, self.explained_models)

    @cached_property
    def measured(self) -> dict[str, Batches]:
        """These models, and the shards of their images."""
        shards = self.config.faithfulness.shards if self.config.faithfulness else 1
        parts = {model: cut(self.explained[model], shards) for model in self.measured_models}
        return {model: dict(zip(shard_names(len(part)), part, strict=True)) for model, part in parts.items()}

    @cached_property
    def measured_whole(self) -> list[str]:
        """Those of them that one job measures."""
        return [model for model, shards in self.measured.items() if len(shards) <= 1]

    def image_files(self, model: str, images: Sequence[str]) -> list[str]:
        """Return the files that these images of a model are read from, or a data set that changes when these do."""
        name = self.config.models[model].dataset
        files = self.config.datasets[name].image_files(images)
        named = listable(files)
        return named if named and len(named) == len(files) else [*named, *self.data_files(name)]

    def measured_files(self, model: str, suffix: str) -> list[str]:
        """Return what was measured of the shards of a model's images."""
        return [self.at("faithfulness", model, "shards", f"{shard}{suffix}") for shard in self.measured[model]]

    # Units and concepts

    @cached_property
    def layers(self) -> dict[str, list[str]]:
        """The models whose units are compared with concepts, and the layers: none till a network is looked at."""
        section = self.config.dissect
        models = [] if section is None else self._members(section.models)
        return {model: list(section.layers.get(model, ())) for model in models} if section else {}

    def members(self, dissected: str) -> list[str]:
        """Return the models of a figure of concepts: one, or the two of a comparison."""
        return list(self.pairs.get(dissected, [dissected]))

    def probe(self, model: str) -> str:
        """Return the data set whose images are shown to a model."""
        named = self.config.dissect.probe if self.config.dissect else None
        return named or self.config.models[model].dataset

    def probe_splits(self, model: str) -> list[str] | None:
        """Return the splits that are shown to a model; None: those that did not train it, where there are any."""
        named = self.config.dissect.splits if self.config.dissect else None
        if named is not None:
            return list(named)
        own = self.probe(model) == self.config.models[model].dataset
        return None if own and ANNOTATIONS in self.concept_methods else list(SPLITS)

    @cached_property
    def probe_shards(self) -> list[str]:
        """The shards of a probe set, where several jobs show it to a model."""
        shards = self.config.dissect.shards if self.config.dissect else 1
        return shard_names(shards) if shards > 1 else []

    @cached_property
    def clip(self) -> str | None:
        """The CLIP that labels units."""
        section = self.config.dissect.clip_dissect if self.config.dissect else None
        if section is None or section.evidence != "clip":
            return None
        return section.clip or next(iter(self.config.clips), None)

    @cached_property
    def trained_clips(self) -> list[str]:
        """The CLIPs that are trained here."""
        return [name for name, clip in self.config.clips.items() if clip.train is not None]

    @cached_property
    def concept_methods(self) -> list[str]:
        """The methods that label units."""
        return self.config.dissect.methods if self.config.dissect else []

    @cached_property
    def concept_files(self) -> list[str]:
        """The text file of concepts, if one is named."""
        section = self.config.dissect.clip_dissect if self.config.dissect else None
        named = section.concepts if section else None
        return [named] if isinstance(named, str) and named not in ("classes", "annotations") else []

    @cached_property
    def pairs(self) -> dict[str, tuple[str, str]]:
        """The compared models, by the name of their comparison such as ``a-vs-b``."""
        return {f"{a}-vs-{b}": (a, b) for a, b in (self.config.dissect.compare if self.config.dissect else [])}

    @cached_property
    def joined(self) -> list[str]:
        """The models whose units have roles and labels both, over images of one data set: those of ``test``."""
        dissect = self.config.dissect
        # Roles are those of averages: by these the layer is told whose labels go with them.
        if dissect is None or dissect.pooling != "mean" or "test" not in (dissect.splits or SPLITS):
            return []
        models = self.config.models
        return [name for name in self.examined if name in self.layers and self.probe(name) == models[name].dataset]

    def passes(self, model: str, activations: bool = True, overlaps: bool = True, twin: str = "") -> dict[str, str]:
        """Return the files that the passes of a model, or of its untrained twin, over its probe set give."""
        found = {"statistics": self.at("dissect", f"{model}{twin}", "statistics.safetensors")}
        if activations:
            found["activations"] = self.at("dissect", f"{model}{twin}", "activations.npy")
        if overlaps and NETDISSECT in self.concept_methods:
            found["overlaps"] = self.at("dissect", f"{model}{twin}", "overlaps.safetensors")
        return found

    def passed_shards(self, model: str, suffix: str, twin: str = "") -> list[str]:
        """Return what the passes of a model, or of its untrained twin, over the shards of its probe set give."""
        return [self.at("dissect", f"{model}{twin}", "shards", f"{shard}{suffix}") for shard in self.probe_shards]

    @property
    def twins(self) -> bool:
        """Whether units are held against those of an untrained network."""
        return self.config.dissect is not None and self.config.dissect.control is not None

    def clip_files(self, clip: str) -> dict[str, str]:
        """Return the files of a CLIP that is trained here; none of a published one."""
        files = {"weights": "open_clip_model.safetensors", "config": "open_clip_config.json"}
        return {key: self.at("clip", clip, file) for key, file in files.items()} if clip in self.trained_clips else {}

    def label_inputs(self, model: str) -> dict[str, str | list[str]]:
        """Return what the labels of a model's layers are made from."""
        probe = self.probe(model)
        found: dict[str, str | list[str]] = {**self.passes(model)}
        if self.twins:
            found |= {f"untrained_{name}": file for name, file in self.passes(model, twin=UNTRAINED).items()}
        found["classes"] = self.at("data", self.config.models[model].dataset, "dataset.json")
        if self.clip is not None:
            found["embeddings"] = self.embedding_files(model)
        found["dataset"] = self.data_files(probe)
        return found

    def embedding_files(self, model: str) -> list[str]:
        """Return what the CLIP says of the images that are shown to the units of a model, and of words."""
        assert self.clip is not None, "labels by a CLIP"
        files = ("images.npy", "texts.npy", "embeddings.json")
        return [self.at("clip", self.clip, self.probe(model), file) for file in files]

    def layer_files(self, model: str, suffix: str) -> list[str]:
        """Return a file of every dissected layer of a model."""
        return [self.at("dissect", model, f"{layer}{suffix}") for layer in self.layers[model]]

    @cached_property
    def unit_models(self) -> list[str]:
        """The models whose units are taken away, one by one and in sets."""
        return [] if self.config.units is None else self._members(self.config.units.models)

    def unit_images(self, model: str) -> list[str]:
        """Return what the top images of the units of a dissected model have in common; none without a CLIP."""
        known = self.clip is not None and model in self.layers
        return [self.at("units", model, "images.csv")] if known else []

    def unit_search(self, model: str) -> list[str]:
        """Return the units of a model that words find."""
        asked = self.config.units is not None and self.config.units.search and self.unit_images(model)
        return [self.at("units", model, "search.csv")] if asked else []

    def unit_regions(self, model: str) -> list[str]:
        """Return where the units of a dissected model with dossiers are active in their top images."""
        known = model in self.layers and model in self.unit_models
        return [self.at("units", model, "regions.safetensors")] if known else []

    @cached_property
    def inner(self) -> dict[str, list[str]]:
        """These models, and the layers inside of them whose units are taken away too."""
        named = self.config.units.layers if self.config.units else []
        found = {name: named if isinstance(named, list) else named.get(name, []) for name in self.unit_models}
        return {name: list(layers) for name, layers in found.items() if layers}

    def penultimate(self, model: str) -> str:
        """Return the layer of the units in front of the last layer, as a look at the network tells it."""
        return self.config.models[model].penultimate

    @cached_property
    def dossiers(self) -> dict[str, list[str]]:
        """The models whose units are taken away, and the layers that get a dossier: all that an analysis looks at."""
        return {
            name: list(dict.fromkeys([*self.layers.get(name, ()), *self.inner.get(name, ()), self.penultimate(name)]))
            for name in self.unit_models
        }

    @cached_property
    def needing_units(self) -> set[str]:
        """The models whose units in front of a last layer are looked at."""
        repairing = {self.original(model) for model in self.repaired}
        return {*self.examined, *self.unit_models, *repairing}

    @cached_property
    def planted(self) -> list[str]:
        """The models whose planted units are held against the truth."""
        if self.config.planted is None:
            return []
        every = [name for name, model in self.config.models.items() if model.architecture == FACTORY]
        return self._members(self.config.planted.models, every)

    def planted_inputs(self, model: str) -> dict[str, str]:
        """Return what is said of a model's planted units."""
        found = {name: self.at("planted", model, f"{name}.csv") for name in ("truth", "relevance", "regions")}
        found["units"] = self.at("dissect", model, f"{LAYER}.csv")
        found |= self.passes(model, overlaps=False)
        if model in self.unit_models:
            found["effects"] = self.at("units", model, "effects.csv")
            for file in self.unit_images(model):
                found |= {"images": file, "embeddings": str(Path(file).with_suffix(".safetensors"))}
        if model in self.examined:
            found |= {name: self.at("rof", model, f"{name}.csv") for name in ("roles", "ranking")}
        return found

    # Artefacts

    @cached_property
    def audited(self) -> list[str]:
        """The data sets that are audited for artefacts."""
        return [] if self.config.artefacts is None else list(self.config.artefacts.datasets)

    @cached_property
    def discovered(self) -> list[str]:
        """The models in whose classes kinds of relevance maps are looked for."""
        return [] if self.config.discover is None else self._members(self.config.discover.models)

    @cached_property
    def tested(self) -> dict[str, list[str]]:
        """The studies of a shortcut that test what is proposed, and the models in which it is."""
        asked = [name for name, study in self.config.shortcuts.items() if study.proposals]
        return {name: [model for model in arms(self.config, name)[WITH] if model in self.discovered] for name in asked}

    def proposals(self, study: str, ending: str) -> list[str]:
        """Return what is proposed in the models of a study, a file each."""
        return [self.at("discovery", f"{model}-{ending}.csv") for model in self.tested[study]]

    def _members(self, names: Iterable[str] | None, every: Iterable[str] | None = None) -> list[str]:
        """Return the models of a section: those that it names, families written out; else every one."""
        if names is None:
            return list(self.config.models if every is None else every)
        return [model for name in names for model in self.family(name)]

    def _batches(self, images: Sequence[str]) -> Batches:
        explain = self.config.explain
        if explain is None:
            return {}
        if explain.shards is not None:
            parts = cut(images, explain.shards)
        else:
            # In fixed numbers, so that images added at the end leave the jobs before them as they are.
            size = explain.images_per_job
            parts = [list(images[start : start + size]) for start in range(0, len(images), size)]
        return {part[0]: part for part in parts}
