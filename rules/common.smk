# What all files in rules/ share: settings(), code_of(), and names that many rules use.

import os
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

from lucidag.config.dissected import (
    check_dissect,
    clip_of,
    concept_file,
    concept_methods,
    joined_with_roles,
    layers_of,
    pairs,
    probe_of,
)
from lucidag.config.load import (
    audited_datasets,
    dissected_models,
    explained_models,
    family_members,
    measured_models,
    load_config,
    rof_models,
)
from lucidag.config.images import (
    atlas_images,
    cam_batches,
    explained_images,
    lime_batches,
    measured_shards,
    image_files,
    relevance_batches,
    write_out_images,
)
from lucidag.config.probe import check_networks
from lucidag.config.sources import (
    check_sources,
    class_names,
    dataset_files,
    weight_files,
)
from lucidag.config.stages import stage_settings
from lucidag.config.targets import check_shortcuts
from lucidag.units.names import CLIP_DISSECT, NETDISSECT
from lucidag.ground.errors import InputError
from lucidag.ground.provenance import CodeIndex
from lucidag.report.contents import files_shown
from lucidag.ground.shards import shard_names


def checked_config():
    """Return the checked configuration, or end with one line that says what is wrong with it."""
    source = (
        ", ".join(map(os.path.relpath, workflow.overwrite_configfiles))
        or "config/config.yaml"
    )
    try:
        checked = load_config(config, source)
        check_sources(checked, source)
        checked = write_out_images(checked, source)
        check_shortcuts(checked, source)
        check_dissect(checked, source)
        check_networks(checked, source, CODE)
    except InputError as error:
        print(f"lucidag: {error}", file=sys.stderr)
        sys.exit(1)
    return checked


# Threads that wait for work must not spin: with more jobs than cores that slows training many times over.
# OpenMP reads this when it is loaded, so it has to stand in the environment of the jobs.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Scripts that build the network, and so run a factory of the user's own.
BUILDING = (
    "train",
    "import_model",
    "features",
    "features_shard",
    "cam_maps",
    "lime_fits",
    "lime_tune",
    "dissect_passes",
    "dissect_activations_shard",
    "dissect_overlaps_shard",
    "faithfulness",
    "faithfulness_shard",
    "figures_units",
    "relevance_atlas",
    "relevance_maps",
    "relevance_references",
    "shortcut",
)

CODE = CodeIndex((ROOT, Path.cwd()))
CONFIG = checked_config()
R = CONFIG.results


def settings(stage):
    """Return a function from a job's wildcards to the part of the configuration that its stage uses."""
    return lambda wildcards: stage_settings(CONFIG, stage, wildcards)


def networks_of(wildcards):
    """Return the models whose networks a job runs."""
    study = CONFIG.shortcuts.get(wildcards.get("study"))
    return [study.trained_with, study.trained_without] if study else [wildcards.model]


def code_of(script):
    """Return a function from a job's wildcards to the fingerprint of the code that it runs."""

    def fingerprint(wildcards):
        names = networks_of(wildcards) if script in BUILDING else []
        networks = [CONFIG.models[name] for name in names]
        factory = [name for network in networks for name in network.factory_modules()]
        return CODE.fingerprint(f"workflow/scripts/{script}.py", factory)

    return fingerprint


def gpus(wildcards):
    """Return how many GPUs a job that runs networks asks for."""
    return int(
        any(CONFIG.models[name].device == "auto" for name in networks_of(wildcards))
    )


def growing(first):
    """Return a function to what a job asks of a cluster: this much at first, and twice as much after each failure."""
    return lambda wildcards, attempt: first * 2 ** (attempt - 1)


def one_of(names):
    """Return a wildcard pattern that matches these names and nothing else."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


def datasets_from(*sources):
    """Return the names of the data sets of these sources."""
    return [
        name for name, dataset in CONFIG.datasets.items() if dataset.source in sources
    ]


ARRAY_SOURCES = ("digits", "lesions", "mnist", "scenes")
TRAINED = [name for name, model in CONFIG.models.items() if model.train is not None]
IMPORTED = [name for name in CONFIG.models if name not in TRAINED]
SHARDED = {
    name: shard_names(model.shards)
    for name, model in CONFIG.models.items()
    if model.shards > 1
}
EXAMINED = rof_models(CONFIG)
EXPLAINED = {
    model: explained_images(CONFIG, model) for model in explained_models(CONFIG)
}
CAM_METHODS = (
    list(CONFIG.explain.cam.methods) if CONFIG.explain and CONFIG.explain.cam else []
)
WITH_LIME = list(EXPLAINED) if CONFIG.explain and CONFIG.explain.lime else []
TUNED = (
    WITH_LIME
    if CONFIG.explain and CONFIG.explain.lime and CONFIG.explain.lime.tuning
    else []
)
CAM_BATCHES = {model: cam_batches(CONFIG, model) for model in EXPLAINED}
LIME_BATCHES = {model: lime_batches(CONFIG, model) for model in EXPLAINED}


MEASURED = measured_models(CONFIG)
MEASURED_SHARDS = {model: measured_shards(CONFIG, model) for model in MEASURED}
UNCUT = [model for model, shards in MEASURED_SHARDS.items() if len(shards) <= 1]
AUDITED = audited_datasets(CONFIG)
RELEVANCE_BATCHES = {
    model: batches
    for model in EXPLAINED
    if (batches := relevance_batches(CONFIG, model))
}
ATLAS = {model: atlas_images(CONFIG, model) for model in RELEVANCE_BATCHES}
DISSECTED = dissected_models(CONFIG)
DISSECT_SHARDS = (
    shard_names(CONFIG.dissect.shards)
    if CONFIG.dissect and CONFIG.dissect.shards > 1
    else []
)
PAIRS = pairs(CONFIG)
JOINED = joined_with_roles(CONFIG)
LABELLED = {model: layers_of(CONFIG, model) for model in DISSECTED}
CLIP = clip_of(CONFIG)
TRAINED_CLIPS = [name for name, clip in CONFIG.clips.items() if clip.train is not None]
CONCEPT_FILES = [name for name in [concept_file(CONFIG)] if name is not None]
CONCEPT_METHODS = concept_methods(CONFIG)


def dataset_of(wildcards):
    """Return the files of the data set that a model is examined on."""
    return files_of(CONFIG.models[wildcards.model].dataset)


def feature_shards(model, split):
    """Return the shards of the features of a model."""
    folder = f"{R}/features/{model}/shards"
    return [f"{folder}/{split}-{shard}.safetensors" for shard in SHARDED[model]]


def files_of(name):
    """Return the files of a data set."""
    arrays = CONFIG.datasets[name].source in ARRAY_SOURCES
    files = ["manifest.csv", "dataset.json"]
    files += ["images.safetensors"] if arrays else []
    files += ["concepts.safetensors"] if name in datasets_from("polygons") else []
    return [f"{R}/data/{name}/{file}" for file in files]


def studied(wildcards):
    """Return the models that a generalisation study compares."""
    names = CONFIG.generalisation[wildcards.study].models
    return [model for name in names for model in family_members(CONFIG, name)]


def named_classes(wildcards):
    """Return the classes that the configuration names for a model, so that no image is asked for them."""
    return class_names(CONFIG.datasets[CONFIG.models[wildcards.model].dataset])


def explained_files(model, images):
    """Return the files that these images of a model are read from."""
    name = CONFIG.models[model].dataset
    return image_files(CONFIG.datasets[name], images) or files_of(name)


def batch_of(batches, wildcards):
    """Return the name of the job that makes an image's explanation."""
    return next(
        name
        for name, images in batches[wildcards.model].items()
        if wildcards.image in images
    )


def explanations(wildcards):
    """Return the files with all explanations of a model."""
    return {
        "cam": [
            f"{R}/cam/{wildcards.model}/maps/{batch}.safetensors"
            for batch in CAM_BATCHES[wildcards.model]
        ],
        "lime": [
            f"{R}/lime/{wildcards.model}/fits/{batch}.safetensors"
            for batch in LIME_BATCHES[wildcards.model]
        ],
    }


def dissect_shards(model, suffix):
    """Return what the passes of a model over the shards of its probe set give."""
    folder = f"{R}/dissect/{model}/shards"
    return [f"{folder}/{shard}{suffix}" for shard in DISSECT_SHARDS]


def passes(model, activations=True, overlaps=True):
    """Return the files that the passes of a model over the probe set give."""
    folder = f"{R}/dissect/{model}"
    found = {"statistics": f"{folder}/statistics.safetensors"}
    if activations:
        found["activations"] = f"{folder}/activations.npy"
    if overlaps and NETDISSECT in CONCEPT_METHODS:
        found["overlaps"] = f"{folder}/overlaps.safetensors"
    return found


def clip_files(clip):
    """Return the files of a CLIP that is trained here; none of a published one."""
    if clip not in TRAINED_CLIPS:
        return {}
    return {
        "weights": f"{R}/clip/{clip}/open_clip_model.safetensors",
        "config": f"{R}/clip/{clip}/open_clip_config.json",
    }


def label_inputs(wildcards):
    """Return what the labels of a layer are made from."""
    probe = probe_of(CONFIG, wildcards.model)
    found = passes(wildcards.model)
    found["classes"] = f"{R}/data/{CONFIG.models[wildcards.model].dataset}/dataset.json"
    if CLIP is not None:
        found["embeddings"] = [
            f"{R}/clip/{CLIP}/{probe}/{file}"
            for file in ("images.npy", "texts.npy", "embeddings.json")
        ]
    elif CLIP_DISSECT in CONCEPT_METHODS:
        found["dataset"] = files_of(probe)
    return found


def checkpoint_of(model):
    """Return the checkpoint of a model."""
    return f"{R}/models/{model}/checkpoint.safetensors"


def stored_lime(wildcards):
    """Return the files with LIME's explanations of a job's images, where they are measured."""
    if CONFIG.faithfulness is None or not CONFIG.faithfulness.lime:
        return []
    shards = MEASURED_SHARDS[wildcards.model]
    images = set(
        shards[wildcards.shard]
        if "shard" in wildcards.keys()
        else EXPLAINED[wildcards.model]
    )
    return [
        f"{R}/lime/{wildcards.model}/fits/{batch}.safetensors"
        for batch, own in LIME_BATCHES[wildcards.model].items()
        if images.intersection(own)
    ]


def measured_files(model, suffix):
    """Return what was measured of the shards of a model's images."""
    folder = f"{R}/faithfulness/{model}/shards"
    return [f"{folder}/{shard}{suffix}" for shard in MEASURED_SHARDS[model]]


def layer_files(model, suffix):
    """Return a file of every dissected layer of a model."""
    return [f"{R}/dissect/{model}/{layer}{suffix}" for layer in LABELLED[model]]


def members(wildcards):
    """Return the models of a figure of concepts: one, or the two of a comparison."""
    return PAIRS.get(wildcards.dissected, [wildcards.dissected])


wildcard_constraints:
    clip=one_of(CONFIG.clips),
    layer=one_of({layer for layers in LABELLED.values() for layer in layers}),
    pair=one_of(PAIRS),
    dissected=one_of([*DISSECTED, *PAIRS]),
    dataset=one_of(CONFIG.datasets),
    model=one_of(CONFIG.models),
    shard=r"\d+-of-\d+",
    study=one_of([*CONFIG.generalisation, *CONFIG.shortcuts]),
    image=one_of({image for images in EXPLAINED.values() for image in images}),
    batch=one_of({image for images in EXPLAINED.values() for image in images}),
