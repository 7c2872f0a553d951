"""One forward pass over a split: the logits, and what goes into the last layer."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lucidag.data.features import Features
from lucidag.data.manifest import Manifest
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.ground.shards import WHOLE, Shard
from lucidag.models.frames import batch_sizes, batches
from lucidag.models.head import evaluating
from lucidag.models.inputs import Inputs
from lucidag.models.memory_format import settled
from lucidag.models.network import Network
from lucidag.models.portions import portion, portions
from lucidag.models.recorder import recording
from lucidag.models.reproducible import reproducible
from lucidag.models.tail import Tail

THREADS = 2  # of the rules that extract features
TOLERANCE = 1e-3


def extract(
    model: nn.Module,
    manifest: Manifest,
    split: str,
    inputs: Inputs,
    group_columns: Sequence[str],
    batch_size: int,
    device: str = "cpu",
    threads: int = THREADS,
    head: str | None = None,
    shard: Shard = WHOLE,
    tail: Tail | None = None,
) -> Features:
    """Run the network once over each image of a split, in float32 and in eval mode.

    Parameters
    ----------
    model
        The network; it is moved to `device`.
    manifest, split, inputs
        The images, and how they reach the network.
    group_columns
        The columns whose product makes the groups: see `Manifest.groups`.
    batch_size, device, threads
        How to compute; they change the numbers by rounding only.
    head
        The name of the last layer (`lucidag.models.tail.last_layer` finds it). None: the result has logits but no
        features.
    shard
        Which part of the split; it may be without images, and so may be a split.
    tail
        What follows a last layer that is a convolution: features are then its input maps, summed up over places as its
        outputs are.

    Raises
    ------
    InputError
        If a logit or a feature is not finite, or `head` applied to the features does not give the logits.
    """
    rows = manifest.rows(split) if split in manifest.splits() else np.zeros(0, np.int64)
    rows = rows[shard.of_batches(len(rows), batch_size)]
    labels = manifest.labels()[rows]
    codes, names = manifest.groups(group_columns)
    whose = manifest.owners()
    model.to(device)
    # Each image is looked at once, so there is nothing to gain from keeping any.
    work = batches(manifest, rows, inputs, batch_size, threads, memory_limit=0)
    work = track(work, "forward passes", len(batch_sizes(len(rows), batch_size)))
    weight, bias = last_weights(model, head) if head is not None else (None, None)
    units = 0 if weight is None else weight.shape[1]
    with reproducible(device, threads), evaluating(model), torch.inference_mode():
        logits, features, exact = _forward(model, work, inputs, device, len(manifest.classes), head, tail, units)
    where = f"{manifest.file}, split '{split}'"
    _check_finite(logits, "logits", where)
    if features is not None and weight is not None and bias is not None:
        _check_finite(features, "features", where)
        if tail is not None:
            bias = (bias * float(tail.places.sum())).astype(np.float32) if tail.linear else bias
        again = _exact(features, weight, bias) if exact is None else exact
        _check_head(again, logits, str(head))
    return Features(
        images=tuple(manifest.table["image"].iloc[rows]),
        labels=labels,
        groups=codes[rows],
        logits=logits,
        features=features,
        weight=weight,
        bias=bias,
        classes=manifest.classes,
        group_names=names,
        layer=head,
        exact=exact,
        owners=None if whose is None else np.unique(whose, return_inverse=True)[1][rows].astype(np.int64),
    )


def last_weights(model: nn.Module, head: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the weight (C x K) and bias (C) of the last layer, linear or a 1 x 1 convolution."""
    layer = model.get_submodule(head)
    assert isinstance(layer, nn.Linear | nn.Conv2d)
    weight = layer.weight.detach().float().flatten(1).cpu().numpy()
    return weight, np.zeros(
        len(weight), np.float32
    ) if layer.bias is None else layer.bias.detach().float().cpu().numpy()


def _forward(
    model: nn.Module,
    work: Iterable[torch.Tensor],
    inputs: Inputs,
    device: str,
    classes: int,
    head: str | None,
    tail: Tail | None,
    units: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None, NDArray[np.float64] | None]:
    """Give logits (N x C), with `head` features (N x K), and exact logits where these are not linear; N may be 0."""
    logits, features = [np.zeros((0, classes), np.float32)], [np.zeros((0, units), np.float32)]
    exact = [np.zeros((0, classes))]
    form, most = settled(model, inputs.example(1).to(device)), portion(model, inputs.example(1).to(device))
    with recording(model, [] if head is None else [head]) as calls:
        for frames in portions(work, most):
            batch = inputs.normalise(frames.to(device)).to(memory_format=form)
            logits.append(model(batch).float().cpu().numpy())
            if head is None:
                continue
            taken = calls[-1].inputs[0]
            if tail is not None:
                maps = tail.seen(taken)
                taken = tail.summed(maps)
                if not tail.linear:
                    exact.append(tail.logits(convolved(calls[-1].module, maps)).cpu().numpy())
            features.append(taken.float().cpu().numpy())
            calls.clear()
    found = np.concatenate(features) if head is not None else None
    return np.concatenate(logits), found, None if tail is None or tail.linear else np.concatenate(exact)


def convolved(layer: nn.Module, maps: torch.Tensor) -> torch.Tensor:
    """Give what a 1 x 1 convolution makes of the maps that it sees (N x K x h x w), in the precision of these."""
    assert isinstance(layer, nn.Conv2d)
    weight = layer.weight.to(maps.dtype).flatten(1)
    found = torch.einsum("ck,nkhw->nchw", weight, maps)
    return found if layer.bias is None else found + layer.bias.to(maps.dtype)[:, None, None]


def _check_finite(values: NDArray[np.float32], what: str, where: str) -> None:
    bad = np.asarray(~np.isfinite(values).all(axis=1))
    if bad.any():
        raise InputError(f"{where}: the network gives NaN or infinite {what} for {int(bad.sum())} of {len(bad)} images")


def _exact(
    features: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float64]:
    return np.asarray(features.astype(np.float64) @ weight.astype(np.float64).T + bias)


def _check_head(again: NDArray[np.float64], logits: NDArray[np.float32], head: str) -> None:
    if len(logits) == 0:
        return
    difference = float(np.abs(again - logits).max())
    if difference > TOLERANCE * float(np.abs(logits).max()):
        raise InputError(
            f"layer '{head}' applied to its own input misses the network's logits by {difference:.3g}: the network "
            "does something else with them, so its units cannot be analysed"
        )


def extract_splits(
    network: Network,
    manifest: Manifest,
    splits: Sequence[str],
    group_columns: Sequence[str],
    device: str,
    batch_size: int,
    shard: Shard = WHOLE,
) -> dict[str, Features]:
    """Run the network over a shard of each of `splits`; a split without images gives features of no images.

    Raises
    ------
    InputError
        If none of the splits has an image, or as in `extract`.
    """
    if not set(splits) & set(manifest.splits()):
        raise InputError(f"{manifest.file}: no image is in any of the splits {', '.join(splits)}")
    return {
        split: extract(
            network.model,
            manifest,
            split,
            network.inputs,
            group_columns,
            batch_size,
            device,
            head=network.head,
            shard=shard,
            tail=network.tail,
        )
        for split in splits
    }


def show_maps(
    network: Network,
    manifest: Manifest,
    split: str,
    device: str,
    batch_size: int,
    see: Callable[[torch.Tensor], None],
    threads: int = THREADS,
) -> None:
    """Show a function the maps that a last layer which is a convolution sees, of all images of a split in order.

    Parameters
    ----------
    network
        It has a tail; it is moved to `device`.
    manifest, split
        The images.
    device, batch_size, threads
        As in `extract`: the batches are the same.
    see
        Is given n x K x h x w in float64 on `device`, batch by batch.
    """
    assert network.tail is not None
    rows, inputs, model = manifest.rows(split), network.inputs, network.model.to(device)
    work = batches(manifest, rows, inputs, batch_size, threads, memory_limit=0)
    work = track(work, f"sweep of {split}", len(batch_sizes(len(rows), batch_size)))
    form, most = settled(model, inputs.example(1).to(device)), portion(model, inputs.example(1).to(device))
    with (
        reproducible(device, threads),
        evaluating(model),
        torch.inference_mode(),
        recording(model, [network.tail.layer]) as calls,
    ):
        for frames in portions(work, most):
            model(inputs.normalise(frames.to(device)).to(memory_format=form))
            see(network.tail.seen(calls[-1].inputs[0]))
            calls.clear()
