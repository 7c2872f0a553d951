"""A network as the configuration describes it: built, with its inputs and its last linear layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from lucidag.data.manifest import Manifest
from lucidag.errors import InputError
from lucidag.features import Features
from lucidag.models.build import build
from lucidag.models.extract import extract
from lucidag.models.head import find_head, linear_head
from lucidag.models.inputs import Inputs, inputs_from_json


@dataclass(frozen=True)
class Network:
    """A classifier and how to use it.

    Attributes
    ----------
    model
        The network itself.
    inputs
        How pictures reach it.
    head
        The name of its last linear layer, or None where it ends in something else.
    """

    model: nn.Module
    inputs: Inputs
    head: str | None


def open_network(settings: Mapping[str, Any], classes: int, seed: int = 0, needs_head: bool = False) -> Network:
    """Build an untrained network.

    Parameters
    ----------
    settings
        ``architecture``, ``options``, ``input`` and ``head`` (None: found by itself), as in the configuration.
    classes, seed
        The number of classes, and the seed of the initial weights.
    needs_head
        Whether the units before the last linear layer are to be examined.

    Raises
    ------
    InputError
        If the network cannot be built or fed, if ``head`` is not the layer that gives its output, or if
        a last linear layer is needed and there is none.
    """
    model = build(settings["architecture"], classes, settings["options"], seed)
    inputs = inputs_from_json(settings["input"])
    example = inputs.example()
    head = find_head(model, example) if needs_head else linear_head(model, example)
    if settings["head"] is not None and settings["head"] != head:
        raise InputError(f"head: layer '{settings['head']}' does not give the network's output; '{head}' does")
    return Network(model, inputs, head)


def checkpoint_metadata(settings: Mapping[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """Return what a checkpoint says about itself, so that it can be used without its configuration."""
    return {**{key: settings[key] for key in ("architecture", "options", "input")}, "classes": list(classes)}


def extract_splits(
    network: Network,
    manifest: Manifest,
    splits: Sequence[str],
    group_columns: Sequence[str],
    device: str,
    batch_size: int,
) -> dict[str, Features]:
    """Run the network over each of `splits`; a split without pictures gives features of no images."""
    found = {
        split: extract(
            network.model, manifest, split, network.inputs, group_columns, device, batch_size, head=network.head
        )
        for split in splits
        if split in manifest.splits()
    }
    if not found:
        raise InputError(f"{manifest.file}: no picture is in any of the splits {', '.join(splits)}")
    some = next(iter(found.values()))
    return {split: found.get(split) or _nothing_like(some) for split in splits}


def _nothing_like(content: Features) -> Features:
    units = None if content.features is None else content.features.shape[1]
    return Features(
        images=(),
        labels=np.zeros(0, np.int64),
        groups=np.zeros(0, np.int64),
        logits=np.zeros((0, len(content.classes)), np.float32),
        features=None if units is None else np.zeros((0, units), np.float32),
        weight=content.weight,
        bias=content.bias,
        classes=content.classes,
        group_names=content.group_names,
        layer=content.layer,
    )
