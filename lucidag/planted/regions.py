"""Do attributions find the region that a planted unit answers to?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lucidag.data.images import Images
from lucidag.data.manifest import Manifest
from lucidag.explain.agreement.baselines import CENTRE, RANDOM, centre, random
from lucidag.explain.methods.explainer import Explainer
from lucidag.explain.relevance.composites import composite_on
from lucidag.explain.relevance.conditional import conditional_maps
from lucidag.explain.relevance.layers import layer_relevance
from lucidag.models.network import Network
from lucidag.models.planted_units import NAMES, SHORTCUT
from lucidag.planted.names import LAYER
from lucidag.planted.truth import lift_of, planted_in

CRP = "crp"
LEAST = 0.03  # of an image's pixels, that a region has to cover
COLUMNS = ("image", "method", "kind", "unit", "concept", "name", "auprc", "base_rate", "share")
Region = NDArray[np.bool_]


@dataclass(frozen=True)
class Shown:
    """An image that shows a concept and not the class that is explained.

    Attributes
    ----------
    image
        Its id.
    frame
        1 x 3 x S x S, as the network takes it.
    region
        bool S x S: where the concepts are.
    """

    image: str
    frame: torch.Tensor
    region: Region


def score_methods(
    network: Network,
    truth: pd.DataFrame,
    classes: Sequence[str],
    manifest: Manifest,
    rows: NDArray[np.int64],
    explainers: Sequence[Explainer],
    images: int,
    seed: int,
) -> pd.DataFrame:
    """Ask attributions about images that show the concept of a shortcut and not its class: do they find the concept?

    Returns
    -------
    DataFrame
        `COLUMNS`: one row an image and method, `CENTRE` and `RANDOM` among them, of each pair of shortcut and class.
        ``share``: of all that speaks for the class in front of the last layer, what the shortcut's units add.
    """
    found = []
    shortcuts = truth[truth["kind"] == SHORTCUT]
    for (concept, name), units in shortcuts.groupby(["concept", "name"], sort=False):
        words = [(str(concept), str(units["category"].iloc[0]))]
        for shown in showing(network, manifest, rows, words, str(name), images):
            known = {"image": shown.image, "kind": SHORTCUT, "unit": np.nan, "concept": concept, "name": name}
            known["share"] = _share(network, shown.frame, classes.index(str(name)), units["unit"].tolist())
            asked = [each.of(shown.image)(shown.frame, classes.index(str(name))) for each in explainers]
            maps = {method: own[0] for each in asked for method, own in each.items()}
            size = len(shown.region)
            maps |= {CENTRE: centre(size), RANDOM: random(size, seed, shown.image, 1)[0]}
            found += [known | {"method": method} | _score(values, shown.region) for method, values in maps.items()]
    return pd.DataFrame(found, columns=list(COLUMNS))


def score_units(
    network: Network,
    truth: pd.DataFrame,
    classes: Sequence[str],
    manifest: Manifest,
    rows: NDArray[np.int64],
    composite: str,
    images: int,
) -> pd.DataFrame:
    """Ask for the conditional relevance of each verified unit that acts on a class: does it lie where its concept is?

    Returns
    -------
    DataFrame
        `COLUMNS`: one row an image and unit, with the method `CRP`, of the images that show most of its concepts.
    """
    found = []
    rules = composite_on(composite, network.model, network.inputs, network_device(network))
    acting = truth[truth["verified"] & (truth["name"] != "") & (truth["concept"] != "")]
    keys = ["concept", "category", "second_concept", "second_category", "name"]
    for key, units in acting.groupby(keys, sort=False):
        names = [str(each) for each in key]
        words = [pair for pair in ((names[0], names[1]), (names[2], names[3])) if pair[0]]
        for shown in showing(network, manifest, rows, words, "", images):
            behind = layer_relevance(network.model, rules, shown.frame, [LAYER], [classes.index(names[4])])
            chosen = [[int(unit)] for unit in units["unit"]]
            maps = conditional_maps(network.model, rules, shown.frame, LAYER, behind, chosen).cpu().numpy()
            for unit, kind, own in zip(units["unit"], units["kind"], maps, strict=True):
                known = {"image": shown.image, "method": CRP, "kind": kind, "unit": unit, "share": np.nan}
                found.append(known | {"concept": names[0], "name": names[4]} | _score(own, shown.region))
    return pd.DataFrame(found, columns=list(COLUMNS))


def showing(
    network: Network,
    manifest: Manifest,
    rows: NDArray[np.int64],
    words: Sequence[tuple[str, str]],
    without: str,
    images: int,
) -> Iterator[Shown]:
    """Give the first images that show concepts over at least `LEAST` of their pixels, and nothing called `without`."""
    reader, left = Images(manifest), images
    for row in rows.tolist():
        maps = reader.read_concepts(row)
        inside = np.logical_or.reduce([_where(maps, manifest, each) for each in words])
        absent = [_where(maps, manifest, each) for each in NAMES if each[0] == without]
        if left and inside.mean() >= LEAST and not any(each.any() for each in absent):
            left -= 1
            frame = network.inputs.normalise(network.inputs.prepare(reader.read(row))[None].to(network_device(network)))
            yield Shown(str(manifest.table["image"].iloc[row]), frame, network.inputs.prepare_mask(inside))
        if not left:
            return


def network_device(network: Network) -> str:
    """Give where a network is."""
    return str(next(network.model.parameters()).device)


def _where(maps: Mapping[str, NDArray[np.uint8]], manifest: Manifest, word: tuple[str, str]) -> Region:
    name, category = word
    inside: Region = maps[category] == 1 + list(manifest.concepts[category]).index(name)
    return inside


def _score(values: NDArray[Any], truth: Region) -> dict[str, float]:
    auprc, base, _ = lift_of(np.asarray(values, dtype=np.float64), truth)
    return {"auprc": auprc, "base_rate": base}


def _share(network: Network, frame: torch.Tensor, target: int, units: Sequence[int]) -> float:
    """Give what units add to a logit, as a share of all that adds to it."""
    seen: list[torch.Tensor] = []
    handle = planted_in(network).units.register_forward_hook(
        lambda module, inputs, output: seen.append(output.mean(dim=(2, 3))[0])
    )
    with torch.no_grad():
        network.model(frame)
        added = (seen[0] * planted_in(network).fc.weight[target]).clamp(min=0)
    handle.remove()
    return float(added[list(units)].sum() / added.sum())
