"""What the roles of units would be had other images been drawn, and had both splits come from one population.

Bootstrap samples of each split give every unit a rank anew: with their turning points they say how stable a role is.
The null deals the pooled images of train and test anew into two sets of the same sizes and classes: what roles by one
set alone that gives is noise. One sweep over the pooled images, in their common order, serves all deals; the first
deal is the actual one, so that it is compared with the others on equal terms.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from lucidag.data.features import Features
from lucidag.ground.statistics.draws import shuffled
from lucidag.rof.evaluate import one_thread
from lucidag.rof.plateau import retrieved
from lucidag.rof.rank import head_of, rank
from lucidag.rof.support import dealt_key, dealt_ranks_key, ranks_key
from lucidag.rof.sweep import sweep

_ROWS = 4096


def ranks_of(
    counts: NDArray[np.integer], features: NDArray[np.float32], weight: NDArray[np.float32], method: str
) -> NDArray[np.int32]:
    """Rank the units on each of R samples of the images, given as R x N counts; R x K ranks from 1.

    The scores are those of `lucidag.rof.rank.score`, from the weighted means of `|f|` and its square.
    """
    units = features.shape[1]
    first = torch.zeros(len(counts), units, dtype=torch.float64)
    signed, second = torch.zeros_like(first), torch.zeros_like(first)
    shares = torch.from_numpy(counts / counts.sum(axis=1, keepdims=True))
    with one_thread():  # a product split among threads rounds differently
        for start in range(0, len(features), _ROWS):
            values = torch.from_numpy(features[start : start + _ROWS]).double()
            part = shares[:, start : start + _ROWS]
            if method in ("l1", "contribution"):
                first += part @ values.abs()
            else:
                signed += part @ values
                second += part @ values.square()
    scores = {
        "l1": lambda: first,
        "contribution": lambda: first * torch.from_numpy(np.abs(weight).mean(axis=0, dtype=np.float64)),
        "l2": lambda: second,
        "variance": lambda: second - signed.square(),
    }[method]().numpy()
    orders = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty(orders.shape, dtype=np.int32)
    np.put_along_axis(ranks, orders, np.arange(1, units + 1, dtype=np.int32)[None], axis=1)
    return ranks


def deals(
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    number: int,
    seed: int,
    owners: NDArray[np.int64] | None = None,
) -> NDArray[np.uint8]:
    """Deal images to two splits anew, as many of each class to each as they hold.

    Where images are of patients or lesions, these are dealt, each with all its images: as many to each split as are
    there, of each class by the commonest of their images. One that has images in both splits counts as two.

    Parameters
    ----------
    train, test
        The labels of the images of both splits. Classes keep their numbers because splits are often stratified:
        dealt without regard to classes, sets would differ by more than such splits do.
    number
        Of deals.
    seed
        Of NumPy's PCG64 generator.
    owners
        The numbers of the patients or lesions of all images, those of train first; None where images are dealt.

    Returns
    -------
    array
        (1 + number) x N: 1 where an image is dealt to train; the first row as it is.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    labels = np.concatenate([train, test])
    actual = np.repeat(np.array([1, 0], dtype=np.uint8), [len(train), len(test)])
    if owners is None:
        members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        return np.stack([actual, *(shuffled(actual, members, generator) for _ in range(number))])
    _, first, own = np.unique(2 * owners + actual, return_index=True, return_inverse=True)
    counts = np.zeros((len(first), int(labels.max()) + 1), dtype=np.int64)
    np.add.at(counts, (own, labels), 1)
    commonest, here = counts.argmax(axis=1), actual[first]
    members = [np.flatnonzero(commonest == label) for label in np.unique(commonest)]
    return np.stack([here, *(shuffled(here, members, generator) for _ in range(number))])[:, own]


def role_draws(
    contents: Mapping[str, Features],
    counts: Mapping[str, NDArray[np.uint8]],
    ranking: str,
    margin: float,
    seed: int,
    device: str = "cpu",
) -> dict[str, NDArray]:
    """Draw what the stability of roles and their null need.

    Parameters
    ----------
    contents
        The features of ``train`` and ``test``.
    counts
        B x N of each: its bootstrap samples, those of the sweep.
    ranking, margin
        As for the roles.
    seed
        Of the deals; there are B.
    device
        Where the sweep runs.

    Returns
    -------
    dict
        B x K ranks in the bootstrap samples of each split by `ranks_key`; of the 1 + B deals, the actual one first,
        the ranks by `dealt_ranks_key` and the turning points by `dealt_key`.
    """
    train, test = contents["train"], contents["test"]
    found: dict[str, NDArray] = {}
    for split in ("train", "test"):
        features, weight, _ = head_of(contents[split], split)
        found[ranks_key(split)] = ranks_of(counts[split], features, weight, ranking)
    features = np.concatenate([head_of(train, "train")[0], head_of(test, "test")[0]])
    _, weight, bias = head_of(train, "train")
    labels = np.concatenate([train.labels, test.labels])
    known = train.clusters() is not None or test.clusters() is not None
    owners = (
        np.concatenate([train.owners, test.owners])
        if known and train.owners is not None and test.owners is not None
        else None
    )
    dealt = deals(train.labels, test.labels, len(counts["train"]), seed, owners)
    order = rank(features, weight, ranking)
    whole = sweep(features, labels, weight, bias, order, image_weights=dealt, device=device)
    assert whole.draws is not None
    here = dealt.sum(axis=1, dtype=np.int64)[:, None]
    there = len(labels) - here
    for metric in ("accuracy", "loss"):
        one = getattr(whole.draws, metric)
        # What is not dealt to train is dealt to test, and sums over images add up.
        other = ((here + there) * getattr(whole, metric) - here * one) / there
        found[dealt_key("train", metric)] = retrieved(one, metric, margin)
        found[dealt_key("test", metric)] = retrieved(other, metric, margin)
    found[dealt_ranks_key("train")] = ranks_of(dealt, features, weight, ranking)
    found[dealt_ranks_key("test")] = ranks_of(1 - dealt, features, weight, ranking)
    return found
