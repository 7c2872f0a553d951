"""Which metadata column a kind of maps goes with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import fisher_exact

from lucidag.artefacts.discover.found import phi
from lucidag.artefacts.discover.kinds import Flags
from lucidag.ground.statistics.intervals import share

MEMBERS, REST = "members", "rest"


@dataclass(frozen=True)
class Match:
    """A column that goes with a kind: chosen on validation images, measured on test images.

    Attributes
    ----------
    name, side
        ``column = value``, and whether the members or the rest of the images have it.
    hits
        Test images of that side that have it.
    precision, recall
        Of the side's images that have it, and of the images that have it that are on the side; with Wilson's intervals.
    p
        Fisher's exact test on test images, two-sided.
    """

    name: str
    side: str
    hits: int
    precision: dict[str, Any]
    recall: dict[str, Any]
    p: float

    def columns(self) -> dict[str, object]:
        """Return these as columns of a table."""
        found: dict[str, object] = {"column": self.name, "side": self.side, "p_column": self.p}
        for key, own in (("precision", self.precision), ("recall", self.recall)):
            found |= {key: own["value"], f"{key}_low": own["low"], f"{key}_high": own["high"]}
        return found


def best_match(
    picked: Flags, tested: Flags, columns: Mapping[str, tuple[Flags, Flags]], confidence: float
) -> Match | None:
    """Choose the column that goes best with a kind.

    Parameters
    ----------
    picked, tested
        Members among the validation and among the test images that are taken for the class.
    columns
        By name, which of the same images have it.
    confidence
        Of the intervals.

    Returns
    -------
    Match or None
        The column with the greatest correlation on validation images; None where none varies there.
    """
    strength = {name: phi(picked, own) for name, (own, _) in columns.items()}
    if not strength or max(map(abs, strength.values())) == 0:
        return None
    name = max(strength, key=lambda key: abs(strength[key]))
    side = tested if strength[name] > 0 else ~tested
    has = columns[name][1]
    hits = int((side & has).sum())
    counts = [[hits, int((side & ~has).sum())], [int((~side & has).sum()), int((~side & ~has).sum())]]
    p = float(fisher_exact(np.array(counts))[1])
    of_side, of_column = (share(hits, int(each.sum()), confidence) for each in (side, has))
    return Match(name, MEMBERS if strength[name] > 0 else REST, hits, of_side, of_column, p)
