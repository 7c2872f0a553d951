"""The kinds inside one class: candidates from validation images, tested on test images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lucidag.artefacts.discover.clusters import Gap, Labels, Vectors, cut, gap, spectrum, stability
from lucidag.artefacts.discover.kinds import Flags, Kind, apart, kind_of
from lucidag.artefacts.discover.settings import Discovery

FEWEST = 8  # images of a cluster, and outside it
SAME = 0.5  # two candidates whose members agree so well (phi) are one


@dataclass(frozen=True)
class Candidate:
    """A cluster that may be a kind of its own.

    Attributes
    ----------
    space
        What was compared: relevance maps, or activations of units.
    target
        Index of the class.
    clusters, cluster
        Of how many it is one, and its number.
    kind
        Its direction.
    images
        Validation images in it.
    p, counts
        See `lucidag.artefacts.discover.kinds.apart`, of test images.
    members, places
        Of the M test images taken for the class: which are in it, and where they lie.
    """

    space: str
    target: int
    clusters: int
    cluster: int
    kind: Kind
    images: int
    p: float
    counts: tuple[int, int, int]
    members: Flags
    places: Vectors


@dataclass(frozen=True)
class Clustered:
    """What was found in one class.

    Attributes
    ----------
    candidates
        All of them.
    gap
        The eigengap of the validation maps.
    labels
        By number of clusters, the cluster of each validation image.
    """

    candidates: list[Candidate]
    gap: Gap
    labels: dict[int, Labels]


def candidates(picked: Vectors, tested: Vectors, space: str, target: int, settings: Discovery) -> Clustered:
    """Find the candidates of one class.

    Parameters
    ----------
    picked, tested
        Descriptors of the validation and of the test images that are taken for it.
    space, target
        What the descriptors are of, and the index of the class.
    settings
        Of the clusters.
    """
    most = min(settings.clusters, len(picked) // FEWEST)
    _, embedding = spectrum(picked, settings.neighbours, most)
    labels = {clusters: cut(embedding, clusters, settings.seed) for clusters in range(2, most + 1)}
    found: list[Candidate] = []
    seen: list[Flags] = []
    for clusters, own in labels.items():
        for number in range(clusters):
            inside = tight(picked, own == number) if clusters == 2 else own == number
            if min(inside.sum(), (~inside).sum()) < FEWEST or any((inside == each).all() for each in seen):
                continue
            seen.append(inside)
            kind = kind_of(picked, inside)
            places = kind.along(tested)
            p, counts = apart(places)
            found.append(
                Candidate(space, target, clusters, number, kind, int(inside.sum()), p, counts, places > 0.5, places)
            )
    own_gap = gap(picked, settings.neighbours, most, settings.surrogates, settings.seed)
    return Clustered(found, own_gap, labels)


def tight(vectors: Vectors, inside: Flags) -> Flags:
    """Of two halves return the one whose maps are more alike: the mean of their products is greater."""
    alike = [float(np.linalg.norm(vectors[part].mean(axis=0))) for part in (inside, ~inside)]
    return inside if alike[0] >= alike[1] else ~inside


def distinct(found: list[Candidate]) -> list[Candidate]:
    """Keep of candidates of one class whose members are alike the first."""
    kept: list[Candidate] = []
    for each in found:
        if all(one.target != each.target or abs(phi(one.members, each.members)) < SAME for one in kept):
            kept.append(each)
    return kept


def phi(one: Flags, other: NDArray[np.bool_]) -> float:
    """Return the correlation of two flags; 0 where one is constant."""
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def stable(picked: Vectors, each: Candidate, clustered: Clustered, settings: Discovery) -> Vectors:
    """Return how well the cut that a candidate is from is found again, see `lucidag.artefacts.discover.clusters`."""
    return stability(picked, clustered.labels[each.clusters], settings.neighbours, settings.resamples, settings.seed)
