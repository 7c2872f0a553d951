"""Relevance maps of the images of one job, each by every composite, and the network's own attention."""

from collections.abc import Mapping, Sequence
from typing import Any

from scipy.special import softmax

from lucidag.explain.decision import decision
from lucidag.explain.relevance.attention_map import attention_maps
from lucidag.explain.relevance.composites import composite_for, input_range
from lucidag.explain.relevance.lrp import lrp
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.ground.progress import track
from lucidag.models.attention import ChannelAttention
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible

ATTENTION = "attention"


def explain_subjects(
    network: Network,
    subjects: Sequence[Subject],
    classes: Sequence[str],
    composites: Sequence[str],
    device: str,
    threads: int = 2,
) -> list[Explained]:
    """Explain each image by each composite, and by the network's attention where it has one.

    Parameters
    ----------
    network, classes
        The network with its weights, and the names of its classes.
    subjects
        The images.
    composites
        See `lucidag.explain.relevance.composites`.
    device, threads
        How to compute; they change the numbers by rounding only.

    Returns
    -------
    list
        Of each image the maps by composite (signed) and ``attention``; in the record what the network decided, and by
        composite ``relevance`` (its sum over the pixels, beside ``logit``), ``growth``, and ``exploded``: the
        composites whose relevance exploded (see `lucidag.explain.relevance.lrp.Relevance`).

    Raises
    ------
    InputError
        If no rule covers a module of the network.
    """
    model = network.model.to(device).eval()
    attends = any(isinstance(module, ChannelAttention) for module in model.modules())
    low, high = (bound.to(device) for bound in input_range(network.inputs))
    try:
        rules = {name: composite_for(name, model, low, high) for name in composites}
    except InputError as error:
        raise InputError(f"relevance: {error}") from error
    found = []
    with reproducible(device, threads):
        for subject in track(subjects, "relevance"):
            x = network.inputs.normalise(subject.frame[None].to(device))
            logits = model(x).detach().cpu().numpy()[0]
            target = int(logits.argmax()) if subject.target is None else subject.target
            results = {name: lrp(model, x, [target], rule) for name, rule in rules.items()}
            maps = {name: result.maps[0] for name, result in results.items()}
            if attends:
                maps[ATTENTION] = attention_maps(model, x)[0][0]
            record: dict[str, Any] = {
                **decision(subject.label, softmax(logits.astype(float)), target, classes),
                "logit": float(logits[target]),
                "relevance": {name: float(result.totals[0]) for name, result in results.items()},
                "growth": {name: float(result.growth[0]) for name, result in results.items()},
                "exploded": [name for name, result in results.items() if result.exploded[0]],
            }
            found.append(Explained(subject.image, subject.frame.numpy(), subject.mask, maps, None, _plain(record)))
    return found


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give a record that JSON can hold: relevance that is not finite is None."""
    known = dict(record)
    for key in ("relevance", "growth"):
        known[key] = {name: value if abs(value) < float("inf") else None for name, value in record[key].items()}
    return known
