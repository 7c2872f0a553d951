"""Weights of a network: lucidag's own checkpoints, files from elsewhere, torchvision's published ones."""

import copy
import json
import re
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from lucidag.ground.errors import InputError, told_of
from lucidag.ground.files import atomic
from lucidag.ground.tensors import read_tensors as open_tensors
from lucidag.models.fetched import fetched
from lucidag.models.foreign import ADVICE, read_tensors
from lucidag.models.matching import Found, find_network, fits
from lucidag.models.one_logit import FROM_ONE, two_rows
from lucidag.models.outputs import advice
from lucidag.models.published import published_weights
from lucidag.models.settings import is_weight_file

Tensors = dict[str, torch.Tensor]


def save_checkpoint(path: str | Path, model: nn.Module, metadata: Mapping[str, Any]) -> None:
    """Write the weights as safetensors, whole or not at all.

    Parameters
    ----------
    path
        Where to.
    model
        The network, on any device.
    metadata
        Plain values (architecture, classes, inputs, ...), which go into the file as JSON.
    """
    # Copies: safetensors refuses tensors that share memory, as tied weights do.
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in model.state_dict().items()}
    # One key only: the order of several would differ from run to run, and so the bytes.
    about = {"lucidag": json.dumps(dict(metadata), sort_keys=True)}
    with atomic(path) as partial:
        save_file(tensors, str(partial), metadata=about)


def read_metadata(path: str | Path) -> dict[str, Any]:
    """Read the metadata of a checkpoint that `save_checkpoint` wrote.

    Raises
    ------
    InputError
        If `path` is no such file.
    """
    with open_tensors(path, "a checkpoint") as (_, metadata):
        return metadata


def read_classes(path: str | Path) -> list[str]:
    """Read the names of the classes from a checkpoint that `save_checkpoint` wrote; raises as `read_metadata`."""
    classes = read_metadata(path).get("classes")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise InputError(f"{path} does not say which classes it is for; remove it and run again")
    return classes


def load_checkpoint(path: str | Path, model: nn.Module) -> dict[str, Any]:
    """Put the weights of a checkpoint into `model`, in place, and give its metadata.

    Raises
    ------
    InputError
        If `path` is no checkpoint, is one of another architecture, or holds values that are not finite.
    """
    metadata = read_metadata(path)
    tensors = read_tensors(Path(path))
    _check_values(model, tensors, str(path))
    _load(model, tensors, str(path), skipped=())
    return metadata


def load_weights(
    model: nn.Module,
    source: str,
    head: str | None = None,
    new_head: bool = False,
    architecture: str = "",
    part: str | None = None,
) -> list[str]:
    """Put weights from elsewhere into `model`, in place, and return what was guessed and left out, in sentences.

    Nothing in a file is run, see `lucidag.models.foreign.read_tensors`. Names may begin otherwise than the network's,
    see `lucidag.models.matching.find_network`.

    Every tensor must fit, with three exceptions. The last layer may be new; for two classes it may be that of one logit
    (`lucidag.models.one_logit`); and the network may be a published one with modules added. Such a network names them
    (``additions``, as `lucidag.models.attention.AttentionResNet` does) and what it is without them (``published_as``);
    an added module of which the source has nothing keeps its initial weights.

    Parameters
    ----------
    model
        The network.
    source
        A file, of any suffix, or the name of weights that torchvision publishes for `architecture`
        (``IMAGENET1K_V1``, ``DEFAULT``), which are downloaded into torch's hub folder.
    head
        The name of the last linear layer.
    new_head
        Whether that layer keeps its initial weights, because its classes are others.
    architecture
        torchvision's name of the network; only needed for weights by name.
    part
        Which part of the file to take, where several hold a network that fits.

    Raises
    ------
    InputError
        If the source cannot be read, holds code, belongs to another architecture or another number of
        classes, holds several networks that fit, or values that are not finite or of another kind.
    """
    _check_head(head, new_head)
    tensors = read_tensors(Path(source)) if is_weight_file(source) else _download(model, source, architecture)
    return _put(model, tensors, source, head, new_head, part)


def check_weight_file(model: nn.Module, source: str, head: str | None, new_head: bool, part: str | None) -> None:
    """Stop at a file of weights that `load_weights` will refuse, unless for a value in it: no value is read.

    Files of torch's old format, which cannot be opened without reading all of it, are looked at up to 256 MiB.

    Raises
    ------
    InputError
        As `load_weights`, but for values that are not finite.
    """
    _check_head(head, new_head)
    tensors = read_tensors(Path(source), shapes_only=True)
    if tensors is not None:
        _put(copy.deepcopy(model).to("meta"), tensors, source, head, new_head, part)


def check_published_classes(model: nn.Module, name: str, architecture: str, classes: int) -> None:
    """Stop at weights that torchvision publishes for another number of classes; raises InputError."""
    known = len(published_weights(model, name, architecture).meta.get("categories", ()))
    if known not in (0, classes):
        raise InputError(
            f"weights '{name}' are for {known} classes, and the data set has {classes}: {advice(known, classes)}"
        )


def _check_head(head: str | None, new_head: bool) -> None:
    if new_head and head is None:
        raise InputError(
            "new_head: the network ends neither in a linear layer nor in a 1 x 1 convolution, so it has no head to "
            "replace"
        )


def _put(
    model: nn.Module, tensors: Tensors, source: str, head: str | None, new_head: bool, part: str | None
) -> list[str]:
    if not tensors:
        raise InputError(f"weights {source} hold no named tensor; {ADVICE}")
    tensors = _up_to_date(model, tensors)
    skipped = tuple(f"{head}.{name}" for name in ("weight", "bias")) if new_head else ()
    own = {name: value.shape for name, value in model.state_dict().items()}
    added = tuple(f"{name}." for name in getattr(model, "additions", ()))
    required = [
        name
        for name in own
        if name not in skipped and not name.startswith(added) and not name.endswith("num_batches_tracked")
    ]
    found = find_network(own, required, tensors, source, part)
    one_logit = {} if new_head or fits(own, required, found) else _one_logit(model, own, head)
    if one_logit:
        other = find_network({**own, **one_logit}, required, tensors, source, part)
        one_logit = one_logit if fits({**own, **one_logit}, required, other) else {}
        found = other if one_logit else found
    tensors = _without_auxiliary(model, found.tensors)
    _check_values(model, tensors, source)
    tensors |= {name: two_rows(tensors[name]) for name in one_logit}
    if not new_head:
        _check_classes(model, tensors, source)
    _load(model, tensors, source, (*skipped, *_added(model, tensors)))
    return _said(found, source) + ([_halved(source, head)] if one_logit else [])


def _one_logit(model: nn.Module, own: Mapping[str, torch.Size], head: str | None) -> dict[str, torch.Size]:
    """Give the shapes of the last layer of two classes as that of one logit has them.

    What a convolution of two classes gives may go through a function, which does not make two logits of one.
    """
    if head is None:
        return {}
    layer = model.get_submodule(head)
    if not isinstance(layer, nn.Linear) and FROM_ONE not in vars(layer):
        return {}
    names = [f"{head}.{name}" for name in ("weight", "bias")]
    return {name: torch.Size([1, *own[name][1:]]) for name in names if own.get(name, ())[:1] == (2,)}


def _halved(source: str, head: str | None) -> str:
    return f"weights {source}: layer '{head}' gives one logit, z, for two classes: it is taken for (-z/2, z/2)"


def _said(found: Found, source: str) -> list[str]:
    said = [f"weights {source}: taken from '{found.part}'"] if found.part else []
    if found.left_out:
        said.append(f"weights {source}: {_few('left out', list(found.left_out))}")
    return said


def _download(model: nn.Module, name: str, architecture: str) -> Tensors:
    """Fetch weights that torchvision publishes, or take them from torch's hub folder."""
    entry = published_weights(model, name, architecture)
    if not getattr(model, "transform_input", True):
        raise InputError(
            f"weights '{name}' of '{architecture}' were trained on inputs scaled another way: set its option "
            "transform_input: true"
        )
    with told_of(f"weights '{name}'"):
        return read_tensors(fetched(entry.url))


def _up_to_date(model: nn.Module, tensors: Tensors) -> Tensors:
    """Bring the names of torchvision's older files up to date."""
    if _is_torchvisions(model, "DenseNet"):
        tensors = {
            re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", name): value
            for name, value in tensors.items()
        }
    return tensors


def _without_auxiliary(model: nn.Module, tensors: Tensors) -> Tensors:
    """Leave out heads that only help training."""
    if _is_torchvisions(model, "GoogLeNet", "Inception3"):
        auxiliary = ("aux1.", "aux2.", "AuxLogits.")
        tensors = {name: value for name, value in tensors.items() if not name.startswith(auxiliary)}
    return tensors


def _is_torchvisions(model: nn.Module, *names: str) -> bool:
    """Say whether a network is one of these of torchvision, whose import takes seconds, or derived from it."""
    kinds = [kind for kind in type(model).__mro__ if kind.__module__.startswith("torchvision.models.")]
    return any(kind.__name__ in names for kind in kinds)


def _added(model: nn.Module, tensors: Tensors) -> tuple[str, ...]:
    """Name the tensors of the added modules of which the source has nothing; part of a module is not enough."""
    lacking = [
        f"{module}."
        for module in getattr(model, "additions", ())
        if not any(name.startswith(f"{module}.") for name in tensors)
    ]
    return tuple(name for name in model.state_dict() if name.startswith(tuple(lacking)))


def _check_values(model: nn.Module, tensors: Tensors, source: str) -> None:
    own = model.state_dict()
    for name, value in tensors.items():
        _check_kind(name, value, source)
        if name in own and own[name].is_floating_point() and not value.is_floating_point():
            kinds = [str(dtype).removeprefix("torch.") for dtype in (value.dtype, own[name].dtype)]
            raise InputError(f"weights {source}: tensor '{name}' holds {kinds[0]}; the network's is {kinds[1]}")
        shape_only = name in own and own[name].is_meta
        # One of another shape is refused for that, and may be one number that says it is many.
        whole = value.numel() <= value.untyped_storage().nbytes()
        fits = value.shape == own[name].shape if name in own else whole
        if not value.is_floating_point() or shape_only or not fits:
            continue
        if not bool(torch.isfinite(value.to(own[name].dtype) if name in own else value).all()):
            raise InputError(f"weights {source}: tensor '{name}' holds NaN or infinite values")


def _check_kind(name: str, value: torch.Tensor, source: str) -> None:
    """Stop at a tensor that is not what it holds, one number beside the other."""
    if value.is_quantized:
        raise InputError(f"weights {source}: tensor '{name}' is quantised; give the weights before quantisation")
    if value.layout != torch.strided:
        raise InputError(f"weights {source}: tensor '{name}' is sparse; give it as it is, by `to_dense()`")
    if value.is_meta:
        raise InputError(f"weights {source}: tensor '{name}' is on the device 'meta' and has no values")


def _check_classes(model: nn.Module, tensors: Tensors, source: str) -> None:
    """Stop at weights for another number of classes: all fit, but the first dimension of those of one layer."""
    own = model.state_dict()
    other = [name for name, value in tensors.items() if name in own and value.shape != own[name].shape]
    layers = {name.rpartition(".")[0] for name in other}
    alike = all(0 < own[name].ndim == tensors[name].ndim for name in other)
    alike = alike and all(own[name].shape[1:] == tensors[name].shape[1:] for name in other)
    numbers = {(len(tensors[name]), len(own[name])) for name in other if alike}
    if len(layers) == 1 and len(numbers) == 1:
        ((outputs, classes),) = numbers
        raise InputError(
            f"weights {source}: its layer '{layers.pop()}' is for {outputs} {'class' if outputs == 1 else 'classes'}, "
            f"and the data set has {classes}: {advice(outputs, classes)}"
        )


def _load(model: nn.Module, tensors: Tensors, source: str, skipped: tuple[str, ...]) -> None:
    own = model.state_dict()
    other_shape = [
        f"{name} {tuple(value.shape)} instead of {tuple(own[name].shape)}"
        for name, value in tensors.items()
        if name in own and name not in skipped and value.shape != own[name].shape
    ]
    fitting = {
        name: value
        for name, value in tensors.items()
        if name not in skipped and (name not in own or value.shape == own[name].shape)
    }
    # Layers of an old kind look for the version of their tensors beside these (MNASNet).
    versioned = OrderedDict(fitting)
    versioned._metadata = getattr(model.state_dict(), "_metadata", None)  # type: ignore[attr-defined]
    try:
        # Not by comparing names here: torchvision's own hooks translate those of its older files.
        with warnings.catch_warnings(action="ignore"):  # of shapes that take no values
            result = model.load_state_dict(versioned, strict=False)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"weights {source} do not fit network '{type(model).__name__}': {error}") from error
    missing = [
        name
        for name in result.missing_keys
        if name not in skipped and name not in tensors and not name.endswith("num_batches_tracked")
    ]
    problems = [
        _few(what, names)
        for what, names in (
            ("missing", missing),
            ("unexpected", result.unexpected_keys),
            ("of another shape", other_shape),
        )
        if names
    ]
    if problems:
        raise InputError(
            f"weights {source} are not those of this network '{type(model).__name__}': {'; '.join(problems)}"
        )


def _few(what: str, names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{what}: {', '.join(names[:3])}{more}"
