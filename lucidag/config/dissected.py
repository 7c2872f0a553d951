"""Which units are dissected, with which images and words: the names of a configuration checked and looked up."""

from lucidag.config.load import dissected_models, rof_models
from lucidag.config.schema import Config, Polygons, Scenes
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown
from lucidag.units.clip.settings import Clip
from lucidag.units.labels.concepts import read_concepts
from lucidag.units.settings import DEFAULT_LAYERS, ClipDissect, Dissect

LABEL_MAPS = (Scenes, Polygons)  # the sources whose images have label maps


def check_dissect(config: Config, source: str) -> None:
    """Stop where `dissect` or `clips` names what does not exist or cannot do what is asked.

    Raises
    ------
    InputError
        One line: the configuration file, the key path, what was found, what is allowed.
    """
    for name, clip in config.clips.items():
        _check_training(config, clip, f"{source}: clips.{name}.train.dataset")
    dissect = config.dissect
    if dissect is None:
        if config.clips:
            raise InputError(f"{source}: clips.{next(iter(config.clips))}: there is no `dissect:` section that uses it")
        return
    models = dissected_models(config)
    if dissect.probe is not None and dissect.probe not in config.datasets:
        raise InputError(f"{source}: dissect.probe: {unknown('data set', dissect.probe, config.datasets)}")
    for name in dissect.layers:
        if name not in models:
            raise InputError(f"{source}: dissect.layers: {unknown('dissected model', name, models)}")
    for place, pair in enumerate(dissect.compare):
        for name in pair:
            if name not in models:
                raise InputError(f"{source}: dissect.compare[{place}]: {unknown('dissected model', name, models)}")
        if pair[0] == pair[1]:
            raise InputError(f"{source}: dissect.compare[{place}]: '{pair[0]}' is compared with itself")
    _check_probes(config, dissect, models, source)
    _check_clip_dissect(config, dissect.clip_dissect, source)
    if isinstance(dissect.sheet.units, dict):
        known = list(dict.fromkeys(layer for model in models for layer in layers_of(config, model)))
        for layer in dissect.sheet.units:
            if layer not in known:
                raise InputError(f"{source}: dissect.sheet.units: {unknown('dissected layer', layer, known)}")


def probe_of(config: Config, model: str) -> str:
    """Return the data set whose images are shown to a model."""
    probe = config.dissect.probe if config.dissect is not None else None
    return probe or config.models[model].dataset


def layers_of(config: Config, model: str) -> list[str]:
    """Return the layers of a model that are dissected; none where it is not."""
    if config.dissect is None or model not in dissected_models(config):
        return []
    return list(config.dissect.layers.get(model, DEFAULT_LAYERS))


def clip_of(config: Config) -> str | None:
    """Return the name of the CLIP that labels units; None where none does."""
    section = config.dissect.clip_dissect if config.dissect is not None else None
    if section is None or section.evidence != "clip":
        return None
    return section.clip or next(iter(config.clips), None)


def concept_methods(config: Config) -> list[str]:
    """Return the methods that label units."""
    return config.dissect.methods if config.dissect is not None else []


def pairs(config: Config) -> dict[str, tuple[str, str]]:
    """Return the compared models by the name of their comparison, such as ``a-vs-b``."""
    compared = config.dissect.compare if config.dissect is not None else []
    return {f"{a}-vs-{b}": (a, b) for a, b in compared}


def joined_with_roles(config: Config) -> list[str]:
    """Return the models whose units have roles and labels both, over images of one data set: those of ``test``."""
    if config.dissect is None or "test" not in config.dissect.splits:
        return []
    dissected = [name for name in dissected_models(config) if probe_of(config, name) == config.models[name].dataset]
    return [model for model in rof_models(config) if model in dissected]


def concept_file(config: Config) -> str | None:
    """Return the text file of concepts, if one is named."""
    section = config.dissect.clip_dissect if config.dissect is not None else None
    if section is None or not isinstance(section.concepts, str) or section.concepts in ("classes", "annotations"):
        return None
    return section.concepts


def _check_training(config: Config, clip: Clip, key: str) -> None:
    if clip.train is None:
        return
    if clip.train.dataset not in config.datasets:
        raise InputError(f"{key}: {unknown('data set', clip.train.dataset, config.datasets)}")
    dataset = config.datasets[clip.train.dataset]
    if not isinstance(dataset, Scenes):
        raise InputError(f"{key}: captions are written for the source 'scenes', and this is '{dataset.source}'")


def _check_probes(config: Config, dissect: Dissect, models: list[str], source: str) -> None:
    section = dissect.clip_dissect
    for model in models:
        name = probe_of(config, model)
        if isinstance(config.datasets[name], LABEL_MAPS):
            continue
        found = f"data set '{name}' (source '{config.datasets[name].source}') has no label maps"
        if dissect.netdissect is not None:
            raise InputError(
                f"{source}: dissect.netdissect: {found}, so there is no IoU; set it to null, or name a `probe` with "
                "label maps (the sources 'scenes' and 'polygons')"
            )
        if section is not None and section.evidence == "annotations" and not section.columns:
            raise InputError(f"{source}: dissect.clip_dissect: {found}; name `columns` whose values are the concepts")
        if section is not None and section.evidence == "clip" and section.concepts == "annotations":
            raise InputError(f"{source}: dissect.clip_dissect.concepts: {found}, so there are no annotations")


def _check_clip_dissect(config: Config, section: ClipDissect | None, source: str) -> None:
    key = f"{source}: dissect.clip_dissect"
    if section is None or section.evidence != "clip":
        if config.clips:
            raise InputError(f"{source}: clips.{next(iter(config.clips))}: `dissect.clip_dissect` does not use it")
        return
    if not config.clips:
        raise InputError(
            f"{key}.clip: there is no CLIP; name one under `clips:` (a published one, or `train:` for a small one), or "
            "set `evidence: annotations`, or `clip_dissect: null`"
        )
    if section.clip is None and len(config.clips) > 1:
        raise InputError(f"{key}.clip: missing; there are: {', '.join(config.clips)}")
    if section.clip is not None and section.clip not in config.clips:
        raise InputError(f"{key}.clip: {unknown('clip', section.clip, config.clips)}")
    file = concept_file(config)
    if file is not None:
        try:
            read_concepts(file)
        except InputError as error:
            raise InputError(f"{key}.{error}") from error
    unused = [name for name in config.clips if name != clip_of(config)]
    if unused:
        raise InputError(f"{source}: clips.{unused[0]}: `dissect.clip_dissect` does not use it")
