"""The relevance of units of a decision compared with zennit-crp's, under conditions on one layer and on two."""

import copy
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import nn
from zennit.core import Composite

from lucidag.explain.checks.table import Row, compared, failed, row_of
from lucidag.explain.reference import NoReferenceError, Reference
from lucidag.explain.relevance.composites import input_range, name_of
from lucidag.explain.relevance.conditional import conditioned_map
from lucidag.explain.relevance.layers import layer_relevance, views_of
from lucidag.explain.relevance.library import check_taken, library_conditional, plain_composite
from lucidag.explain.relevance.store import Decision
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.models.network import Network
from lucidag.models.recorder import recording
from lucidag.models.reproducible import reproducible

LIBRARY = "zennit-crp"
CRP, LAYERS = "crp", "crp: two layers"


def check_units(
    network: Network, composite: Composite, subject: Subject, decision: Decision, device: str, threads: int = 2
) -> list[Row]:
    """Compare the maps of the units of a decision with those of zennit-crp.

    Its rules are zennit's own composite with zennit's canonizers, where zennit can take the network, else those of this
    project. The second row has a condition on two layers: the most relevant unit of the decision's layer, and that of
    the first convolution.

    Parameters
    ----------
    network, composite
        As for `lucidag.explain.relevance.atlas.explain_decision`.
    subject
        The image.
    decision
        The units, as they are stored.
    device, threads
        How to compute; they change the numbers by rounding only.

    Returns
    -------
    Two rows of `lucidag.explain.checks.table.COLUMNS`.
    """
    model = copy.deepcopy(network.model).to(device).eval()
    x = network.inputs.normalise(subject.frame[None].to(device))
    layer, target = str(decision.record["layer"]), int(decision.record["target"])
    empty = [row_of(subject.image, name, LIBRARY) for name in (CRP, LAYERS)]
    if not decision.units:
        return [row | {"note": "no unit has relevance"} for row in empty]
    if views_of(model, x, [layer]):
        note = f"zennit-crp takes axis 1 for the units, and those of '{layer}' are in the last one"
        return [row | {"note": note} for row in empty]
    units = [unit.unit for unit in decision.units]
    with reproducible(device, threads):
        rules, said = _rules(model, x, composite, input_range(network.inputs, device))

        def by_library(conditions: Sequence[Mapping[str, Sequence[int]]]) -> torch.Tensor:
            return library_conditional(copy.deepcopy(model), x, target, conditions, rules)

        def each_unit() -> Row:
            theirs = by_library([{layer: [unit]} for unit in units]).cpu().numpy()
            note = "; ".join(filter(None, [f"{len(units)} units of '{layer}', each alone", said]))
            rows = [
                compared(unit.map, Reference(own, note=note)) for unit, own in zip(decision.units, theirs, strict=True)
            ]
            return max(rows, key=lambda row: float(row["difference"]))

        def two_layers() -> Row:
            conditions = {layer: units[:1], **_most_relevant(model, composite, x, target, layer)}
            ours = conditioned_map(model, composite, x, target, conditions).cpu().numpy()
            words = " and ".join(f"unit {own[0]} of '{name}'" for name, own in conditions.items())
            note = "; ".join(filter(None, [words, said]))
            return compared(ours, Reference(by_library([conditions])[0].cpu().numpy(), note=note))

        return [row | _tried(check) for row, check in zip(empty, (each_unit, two_layers), strict=True)]


def _rules(
    model: nn.Module, x: torch.Tensor, composite: Composite, bounds: Sequence[torch.Tensor]
) -> tuple[Composite, str]:
    """Return the composite that the library is given, and what is to be said of it."""
    try:
        plain = plain_composite(name_of(composite), *bounds)
        check_taken(model, x, plain)
    except NoReferenceError as error:
        return composite, f"with the canonizers of lucidag: {error}"
    return plain, ""


def _most_relevant(
    model: nn.Module, composite: Composite, x: torch.Tensor, target: int, layer: str
) -> dict[str, list[int]]:
    """Return the convolution that is called first, with its most relevant unit."""
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    with recording(model, names) as calls, torch.no_grad():
        model(x)
    first = next((call.name for call in calls if call.name != layer), None)
    if first is None:
        raise NoReferenceError("the network has no second layer of convolution")
    found = layer_relevance(model, composite, x, [first], [target]).relevance[first][0]
    return {first: [int(np.abs(found.cpu().numpy()).reshape(len(found), -1).sum(axis=1).argmax())]}


def _tried(check: Callable[[], Row]) -> Row:
    try:
        # What a library does with a network that it does not expect can raise anything.
        return check()
    except (NoReferenceError, InputError) as error:
        return {"note": str(error)}
    except Exception as error:
        return failed(LIBRARY, error)
