"""What networks say of edited images of proposals, and what the network that proposes says without its units."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from lucidag.artefacts.proposals.edits import OFF, Proposer, edits_of, places_of
from lucidag.artefacts.proposals.sides import Side
from lucidag.artefacts.removal import probabilities
from lucidag.artefacts.study_settings import WITH, WITHOUT
from lucidag.ground.progress import track
from lucidag.models.network import Network
from lucidag.models.reproducible import reproducible

RANDOM_SETS = 20  # of units
CELLS = ("proposer", "proposal", "name", "side", "edit", "set", "model", "image", "before", "after", "control")

Floats = NDArray[np.float64]
Cell = dict[str, object]


def ask_proposals(
    proposers: Sequence[Proposer],
    without: Mapping[str, Network],
    count: int,
    seed: int,
    device: str = "cpu",
    threads: int = 2,
) -> pd.DataFrame:
    """Edit images of proposals, and ask the network that proposes, and those trained without the shortcut.

    Parameters
    ----------
    proposers
        Networks with their proposals.
    without
        Networks of the other arm, of the same classes. They have units of their own: none of theirs are set to 0.
    count
        Images of each side: the most typical ones.
    seed
        Of the images that regions are pasted into, and of random units.
    device, threads
        How to compute; they change the numbers by rounding only.

    Returns
    -------
    DataFrame
        `CELLS`: a row for each network, edit and image. The probability of the class ``before`` and ``after`` the edit,
        and after one of the same kind that has nothing to do with the proposal (``control``; NaN: no room for one).
    """
    rows: list[Cell] = []
    with reproducible(device, threads):
        for one in proposers:
            for side in track(one.sides, f"proposals of {one.name}"):
                known: Cell = {"proposer": one.name, "proposal": side.proposal, "name": side.name, "side": side.side}
                cells = [*_edited(one, side, without, count, seed, device, threads), *_off(one, side, count, seed)]
                rows += [known | cell for cell in cells]
    return pd.DataFrame(rows, columns=list(CELLS))


def units_off(
    features: NDArray[np.floating],
    weight: NDArray[np.floating],
    bias: NDArray[np.floating],
    target: int,
    units: Sequence[int],
    seed: int,
) -> tuple[Floats, Floats, Floats]:
    """Give the probability of a class before and after units are set to 0, exactly, and with random ones in that place.

    Parameters
    ----------
    features
        N x K, in front of the last layer.
    weight, bias
        C x K and C, of it.
    target
        The class.
    units
        Which are set to 0.
    seed
        Of `RANDOM_SETS` sets of as many of all units, over which the control is the mean.

    Returns
    -------
    before, after, control
        float64 N each.
    """
    rows, w = np.asarray(features, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    logits = rows @ w.T + np.asarray(bias, dtype=np.float64)

    def without(which: NDArray[np.int64]) -> Floats:
        found: Floats = softmax(logits - rows[:, which] @ w[:, which].T, axis=1)[:, target]
        return found

    rng = np.random.default_rng(seed)
    drawn = [without(rng.permutation(rows.shape[1])[: len(units)]) for _ in range(RANDOM_SETS)]
    none = np.array([], dtype=np.int64)
    return without(none), without(np.array(units, dtype=np.int64)), np.mean(drawn, axis=0)


def _edited(
    one: Proposer, side: Side, without: Mapping[str, Network], count: int, seed: int, device: str, threads: int
) -> Iterator[Cell]:
    """Paste and take out regions, and ask the networks."""
    target = one.content.classes.index(side.name)
    edits = edits_of(one, side, count, seed, device, threads)
    for arm, networks in ((WITH, {one.name: one.network}), (WITHOUT, without)):
        for name, network in networks.items():
            network.model.to(device).eval()
            # What is shown is a frame already: nothing of it is cut off again.
            framed = replace(network, inputs=network.inputs.model_copy(update={"resize": "stretch"}))
            for each in edits:
                before, after, *control = probabilities(framed, each.shown, target, device)
                said = {"before": before, "after": after, "control": control[0] if control else np.nan}
                yield {"edit": each.edit, "set": arm, "model": name, "image": each.image, **said}


def _off(one: Proposer, side: Side, count: int, seed: int) -> Iterator[Cell]:
    """Set the units of a side to 0, of a network whose logits are linear in them."""
    own = one.content
    if not side.units or own.features is None or own.weight is None or own.bias is None or own.exact is not None:
        return
    chosen = side.images[:count]
    target, rows = own.classes.index(side.name), own.features[places_of(own, chosen)]
    found = units_off(rows, own.weight, own.bias, target, side.units, seed)
    for image, before, after, control in zip(chosen, *found, strict=True):
        said = {"before": before, "after": after, "control": control}
        yield {"edit": OFF, "set": WITH, "model": one.name, "image": image, **said}
