"""From the words of a configuration file to a checked `Config`, or to one line that says what is wrong."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from lucidag.config.schema import Config, Model, sections_in
from lucidag.explain.methods.registry import LIME, name_of
from lucidag.ground.errors import InputError
from lucidag.ground.spelling import unknown

TAGS = ("source", "algorithm")  # keys that tell the kinds of a section apart


def load_config(words: Mapping[str, Any], source: str) -> Config:
    """Check a configuration and write out its repeated models.

    Parameters
    ----------
    words
        The configuration as read from YAML.
    source
        The file (or files) it was read from, for messages.

    Returns
    -------
    Config
        With one entry in ``models`` for each seed of a model that has ``seeds``.

    Raises
    ------
    InputError
        One line: the file, the key path, what was found, what is allowed, the nearest spelling.
    """
    try:
        config = Config.model_validate(dict(words))
    except ValidationError as error:
        raise InputError(f"{source}: {_explain(error, words)}") from error
    _check_references(config, source)
    whole = config.model_copy(update={"models": _repeat_seeds(config.models, source)})
    _check_studies(whole, source)
    _check_explain(whole, source)
    _check_relevance(whole, source)
    return whole


def family_members(config: Config, name: str) -> list[str]:
    """Return the models that `name` stands for: itself, or the repetitions of a family over seeds."""
    if name in config.models:
        return [name]
    return [
        model
        for model, settings in config.models.items()
        if settings.seeds is not None and model in {f"{name}-s{seed}" for seed in settings.seeds}
    ]


def rof_models(config: Config) -> list[str]:
    """Return the models whose units are examined."""
    if config.rof is None:
        return []
    return _members(config, config.rof.models)


def explained_models(config: Config) -> list[str]:
    """Return the models whose decisions about single images are explained."""
    return [] if config.explain is None else _members(config, config.explain.models)


def dissected_models(config: Config) -> list[str]:
    """Return the models whose units are compared with concepts."""
    return [] if config.dissect is None else _members(config, config.dissect.models)


def relevance_models(config: Config) -> list[str]:
    """Return the explained models whose relevance is computed."""
    if config.relevance is None:
        return []
    return explained_models(config) if config.relevance.models is None else _members(config, config.relevance.models)


def measured_models(config: Config) -> list[str]:
    """Return the explained models whose explanations are measured."""
    if config.faithfulness is None:
        return []
    names = config.faithfulness.models
    return explained_models(config) if names is None else _members(config, names)


def audited_datasets(config: Config) -> list[str]:
    """Return the data sets that are audited for artefacts."""
    return [] if config.artefacts is None else list(config.artefacts.datasets)


def _members(config: Config, names: list[str] | None) -> list[str]:
    asked = names if names is not None else list(config.models)
    return [model for name in asked for model in family_members(config, name)]


def _repeat_seeds(models: Mapping[str, Model], source: str) -> dict[str, Model]:
    expanded: dict[str, Model] = {}
    for name, model in models.items():
        if model.seeds is None or model.train is None:
            copies = {name: model}
        else:
            copies = {
                f"{name}-s{seed}": model.model_copy(update={"train": model.train.model_copy(update={"seed": seed})})
                for seed in model.seeds
            }
        for copy in copies:
            if copy in expanded:
                raise InputError(f"{source}: models.{name}: two models would be called '{copy}'")
        expanded.update(copies)
    return expanded


def _check_references(config: Config, source: str) -> None:
    for name in audited_datasets(config):
        if name not in config.datasets:
            raise InputError(f"{source}: artefacts.datasets: {unknown('data set', name, config.datasets)}")
    for name, model in config.models.items():
        if model.dataset not in config.datasets:
            raise InputError(f"{source}: models.{name}.dataset: {unknown('data set', model.dataset, config.datasets)}")
    unused = set(config.datasets) - {model.dataset for model in config.models.values()} - _shown_besides(config)
    if unused:
        raise InputError(f"{source}: datasets.{sorted(unused)[0]}: no model uses this data set")
    asked: list[tuple[str, list[str]]] = []
    if config.rof is not None and config.rof.models is not None:
        asked.append(("rof.models", config.rof.models))
    if config.explain is not None and config.explain.models is not None:
        asked.append(("explain.models", config.explain.models))
    if config.dissect is not None and config.dissect.models is not None:
        asked.append(("dissect.models", config.dissect.models))
    if config.relevance is not None and config.relevance.models is not None:
        asked.append(("relevance.models", config.relevance.models))
    if config.faithfulness is not None and config.faithfulness.models is not None:
        asked.append(("faithfulness.models", config.faithfulness.models))
    for key, study in config.shortcuts.items():
        asked += [(f"shortcuts.{key}.{role}", [getattr(study, role)]) for role in ("trained_with", "trained_without")]
    asked += [(f"generalisation.{key}.models", study.models) for key, study in config.generalisation.items()]
    expanded = set(_repeat_seeds(config.models, source)) | set(config.models)
    for key, names in asked:
        for name in names:
            if name not in expanded:
                raise InputError(f"{source}: {key}: {unknown('model', name, sorted(expanded))}")
    if config.generalisation and config.rof is None:
        raise InputError(f"{source}: generalisation: needs a `rof:` section, as it compares the roles of units")


def _shown_besides(config: Config) -> set[str]:
    """Return the data sets that something other than a model names."""
    probe = config.dissect.probe if config.dissect is not None else None
    learnt_from = {clip.train.dataset for clip in config.clips.values() if clip.train is not None}
    return learnt_from | {probe or ""} | set(audited_datasets(config))


def _check_studies(config: Config, source: str) -> None:
    for key, study in config.generalisation.items():
        models = _members(config, study.models)
        for model in models:
            if models.count(model) > 1:
                raise InputError(
                    f"{source}: generalisation.{key}.models: model '{model}' is named twice, by itself or by its "
                    "family; it would count as two"
                )


def _check_explain(config: Config, source: str) -> None:
    if config.explain is None:
        return
    for dataset in config.explain.images:
        if dataset not in config.datasets:
            raise InputError(f"{source}: explain.images: {unknown('data set', dataset, config.datasets)}")
    models = explained_models(config)
    for model in models:
        dataset = config.models[model].dataset
        if not config.explain.images.get(dataset):
            raise InputError(
                f"{source}: explain.images: no images of data set '{dataset}', which model '{model}' needs"
            )
    used = {config.models[model].dataset for model in models}
    for dataset in config.explain.images:
        if dataset not in used:
            raise InputError(f"{source}: explain.images.{dataset}: no explained model uses this data set")
    for model in config.explain.cam.layers:
        if model not in models:
            raise InputError(f"{source}: explain.cam.layers: {unknown('explained model', model, models)}")
    names = [name_of(method) for method in config.explain.methods]
    asked = {"explain.agreement": config.explain.agreement, "explain.localisation": config.explain.localisation}
    for key, section in {**asked, "faithfulness": config.faithfulness}.items():
        for method in (section.methods if section is not None else None) or ():
            if name_of(method) not in names:
                raise InputError(f"{source}: {key}.methods: {unknown('method of explain.methods', method, names)}")


def _check_relevance(config: Config, source: str) -> None:
    sections = {
        "relevance": (config.relevance, relevance_models(config)),
        "faithfulness": (config.faithfulness, measured_models(config)),
    }
    explained = explained_models(config)
    for key, (section, models) in sections.items():
        if section is not None and config.explain is None:
            raise InputError(f"{source}: {key}: needs an `explain:` section, which names the images")
        for model in models:
            if model not in explained:
                raise InputError(f"{source}: {key}.models: {unknown('explained model', model, explained)}")
    measured = config.faithfulness
    again = measured is not None and measured.lime_sensitivity and config.explain is not None
    if again and LIME not in config.explain.fewer(measured.methods):
        raise InputError(f"{source}: faithfulness: `lime_sensitivity` is true and needs `lime` among the methods")
    if config.relevance is None:
        return
    models = relevance_models(config)
    for model in config.relevance.atlas.layers if config.relevance.atlas is not None else ():
        if model not in models:
            raise InputError(f"{source}: relevance.atlas.layers: {unknown('model', model, models)}")


def _explain(error: ValidationError, words: Mapping[str, Any]) -> str:
    """Return the first fault in one line, unknown keys before what may follow from them."""
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    path = _key_path(fault["loc"], words)
    key = ".".join(map(str, path)) or "the file"
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    if fault["type"] == "extra_forbidden":
        return f"{key}: {unknown('key', str(path[-1]), _fields_at(fault['loc'][:-1]))}{more}"
    if fault["type"] == "missing":
        return f"{key}: missing{more}"
    if fault["type"] in ("union_tag_not_found", "union_tag_invalid"):
        tag = fault["ctx"]["discriminator"].strip("'")
        if fault["type"] == "union_tag_not_found":
            return f"{key}.{tag}: missing; allowed: {', '.join(_tags(tag))}{more}"
        return f"{key}.{tag}: {unknown(tag, str(fault['ctx']['tag']), _tags(tag))}{more}"
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "value_error":
        return f"{key}: {message}{more}"
    if fault["type"] == "literal_error":
        allowed = fault["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return f"{key}: {unknown('choice', str(fault['input']), allowed)}{more}"
    return f"{key}: found {fault['input']!r}; {message[0].lower()}{message[1:]}{more}"


def _key_path(loc: tuple[int | str, ...], words: Any) -> list[int | str]:  # noqa: ANN401
    """Return the part of `loc` that a user wrote: pydantic adds the names of union members to it."""
    path: list[int | str] = []
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        inside = part in words if isinstance(words, Mapping) else isinstance(words, list) and isinstance(part, int)
        if inside:
            words = words[part]
        elif not (last and isinstance(words, Mapping) and isinstance(part, str)):
            continue
        path.append(part)
    return path


def _fields_at(loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the section at `loc` may have."""
    kinds: list[Any] = [Config]
    for part in loc:
        nested = [kind for model in kinds for kind in _inside(model, part)]
        kinds = nested or kinds
    return [name for kind in kinds for name in kind.model_fields]


def _inside(model: type[BaseModel], part: int | str) -> list[type[BaseModel]]:
    if str(part) in model.model_fields:
        return sections_in(model.model_fields[str(part)].annotation)
    kinds = [tag for key in TAGS if key in model.model_fields for tag in _values(model, key)]
    return [model] if part in kinds else []


def _tags(key: str) -> list[str]:
    """Return the values of `key` that tell the kinds of a section apart."""
    return [tag for kind in _all_sections(Config) if key in kind.model_fields for tag in _values(kind, key)]


def _values(kind: type[BaseModel], key: str) -> list[str]:
    return list(get_args(kind.model_fields[key].annotation))


def _all_sections(section: type[BaseModel]) -> list[type[BaseModel]]:
    below = [inner for field in section.model_fields.values() for inner in sections_in(field.annotation)]
    found = [section, *(deep for inner in below for deep in _all_sections(inner))]
    return list(dict.fromkeys(found))
