"""Whether an imported network is fed and read as it was trained: what can be told from its decisions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lucidag.data.features import Features
from lucidag.data.manifest import Manifest
from lucidag.models.doubts import Order, order_of_classes, order_sentence, reordered, worse_than_guessing
from lucidag.models.evaluate import exact_logits, mean_loss
from lucidag.models.network import Network
from lucidag.models.tried import Tried, better_way, logits_of, looked_at, oblong, other_ways, sampled

TIE = 0.02  # of accuracies


def check_import(
    network: Network,
    manifest: Manifest,
    contents: Mapping[str, Features],
    batch_size: int,
    seed: int,
    device: str,
    threads: int,
) -> dict[str, Any]:
    """Look for signs that an imported network gets other inputs, or other classes, than it was trained with.

    Parameters
    ----------
    network, manifest
        The network with its weights, and its data set.
    contents
        Its features and logits by split.
    batch_size, device, threads
        How to compute.
    seed
        Of the images that other inputs are tried on.

    Returns
    -------
    dict
        ``doubts`` and ``notes``, sentences for whoever imports it; ``images``, on how many other inputs were tried;
        ``better`` (None, or the ``input`` that is clearly better, with accuracy and loss now and then) and ``order``
        (class to the output that stands for it, of those that another one clearly stands for).
    """
    split = "test" if "test" in contents else next(iter(contents))
    rows = sampled(manifest, split, seed)
    sizes, coloured = looked_at(manifest, rows)
    labels = manifest.labels()[rows]
    logits = logits_of(network.model, manifest, rows, batch_size, device, threads)
    ways = list(other_ways(network.inputs, coloured, sizes))
    now, better = better_way(logits, labels, network.inputs, ways)
    order = _order(contents)
    ordered = reordered(labels, order)
    # Blue before red can look like classes that change places, and so the other way round: what fits better counts.
    if order and (better is None or (now.logits.argmax(axis=1) == ordered).mean() > better.hits.mean() + TIE):
        now, better = better_way(logits, ordered, network.inputs, ways)
    elif better is not None:
        order = order_of_classes(labels, better.logits.argmax(axis=1))
    exact = exact_logits(contents[split])
    doubts = _doubts(contents, split, exact, now, better)
    if order:
        known = contents[split].labels
        decisions = exact.argmax(axis=1)
        right = decisions == reordered(known, order)
        if better is not None:
            right = better.logits.argmax(axis=1) == reordered(labels, order)
        sentence = order_sentence(order, manifest.classes, float((decisions == known).mean()), float(right.mean()))
        doubts = [sentence] if better is None else [*doubts, sentence]
    return {
        "doubts": doubts,
        "notes": _notes(network, sizes),
        "images": len(rows),
        "better": None if better is None else _better(now, better),
        "order": {manifest.classes[c]: output for c, output in sorted(order.items())},
    }


def _order(contents: Mapping[str, Features]) -> Order:
    labels = np.concatenate([content.labels for content in contents.values()])
    return order_of_classes(labels, np.concatenate([content.logits.argmax(axis=1) for content in contents.values()]))


def _doubts(
    contents: Mapping[str, Features], split: str, exact: NDArray[np.float64], now: Tried, better: Tried | None
) -> list[str]:
    learnt = None
    if split != "train" and "train" in contents:
        learnt = mean_loss(exact_logits(contents["train"]), contents["train"].labels)
    worse = worse_than_guessing(exact, contents[split].labels, learnt)
    if worse is None and better is None:
        return []
    said = "" if worse is None else f"{split} loss {worse[0]:.2f} is worse than guessing ({worse[1]:.2f}): "
    if better is None:
        return [
            f"{said}check `input` (normalise, order of the colours, size), the order of the data set's `classes`, and "
            "whether `weights` are those of this network"
        ]
    return [
        f"{said}check `input`, the network seems to be fed otherwise than in its training: with {{{better.words}}} "
        f"the loss on {len(now.hits)} images of {split} would be {better.loss:.2f} instead of {now.loss:.2f}, and "
        f"accuracy {better.hits.mean():.1%} instead of {now.hits.mean():.1%}"
    ]


def _better(now: Tried, better: Tried) -> dict[str, Any]:
    return {
        "input": better.words,
        "accuracy": {"now": float(now.hits.mean()), "then": float(better.hits.mean())},
        "loss": {"now": now.loss, "then": better.loss},
    }


def _notes(network: Network, sizes: set[tuple[int, int]]) -> list[str]:
    if not oblong(sizes):
        return list(network.notes)
    height, width = max(sizes, key=lambda size: max(size) / min(size))
    side = network.inputs.size
    how = {
        "stretch": f"are stretched to {side} x {side}; `resize: crop` keeps proportions and cuts the longer side",
        "crop": "lose what is outside of a centred square; `resize: stretch` keeps all of them, out of proportion",
    }
    return [
        *network.notes,
        f"images that are not square ({width} x {height} pixels, width x height) {how[network.inputs.resize]}",
    ]
