"""Labels of units by words and by pixels, and their ranks by activation."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lucidag.units.dossier.part import Part
from lucidag.units.labels.unit_tables import methods_of
from lucidag.units.names import BY_CLIP, NETDISSECT, NONE, STRENGTH, TITLES, UNTESTABLE

WORDS, PIXELS = "words", "pixels"
NEXT = "second_concept"
# Of the columns of a table of labels, those that a dossier takes, and what they hold.
TAKEN = {
    "concept": "the label; 'none' without one",
    "category": "the category of the label, where it is known",
    "score": "how well the label describes the unit",
    "strength": "how many standard deviations the label lies above what units with randomly drawn images give it",
    NEXT: "the next best concept",
    "own_iou": "intersection over union of the unit's region and the pixels of its label",
    "detector": "whether the IoU reaches that of a detector",
    "verdict": "confirmed, unconfirmed or untestable, by images that did not choose the label",
    "why": "why it is not confirmed",
    "judged_by": "what tells which images show the concept",
    "auprc": "average precision on the half of the images that did not choose the label",
    "auprc_low": "lower end of its interval",
    "auprc_high": "upper end of its interval",
    "base_rate": "share of these images that show the concept: the average precision of chance",
    "dealt": "mean average precision of the unit with labels of other units",
    "lift": "(average precision - base rate) / (1 - base rate)",
    "p": "Fisher's exact test of the images above the unit's threshold, corrected over the units of the layer",
}
MEASURES = {
    "mean": "mean over images of the pooled activation",
    "peak": "greatest activation at any place",
    "sparseness": "sparseness of the activation over images",
    "inside": "share of the unit's region that lies inside the mask of its concept",
    "inside_chance": "the same for a region anywhere",
}


def label_parts(table: pd.DataFrame, units: int, source: str) -> Sequence[Part]:
    """Take the labels of a layer by each method: by words (a CLIP's or those of annotations) and by pixels.

    Parameters
    ----------
    table
        See `lucidag.units.labels.unit_tables`.
    units
        How many there are.
    source
        The file.
    """
    return [_of_method(table[table["method"] == method], method, units, source) for method in methods_of(table)]


def _of_method(rows: pd.DataFrame, method: str, units: int, source: str) -> Part:
    kind = PIXELS if method == NETDISSECT else WORDS
    own = rows.set_index("unit").reindex(range(units))
    # Pixels give no second concept: the column of a table of both methods is empty there.
    known = own.replace({NEXT: {"": np.nan}})
    taken = [column for column in TAKEN if column in known and not known[column].isna().all()]
    values = own[taken].rename(columns=lambda column: f"{kind}_{column}").reset_index(drop=True)
    values[f"{kind}_concept"] = values[f"{kind}_concept"].fillna(NONE)
    words = [f"{kind}_{column}" for column in ("category", NEXT, "verdict", "why", "judged_by")]
    values = values.fillna({column: "" for column in words if column in values})
    how = f"{TITLES[method]}, strength by {STRENGTH[method]}"
    definitions = {f"{kind}_{column}": f"{TAKEN[column]} ({how})" for column in taken}
    nothing = np.zeros(units, dtype=np.bool_)
    verdict = (own["verdict"] == UNTESTABLE).to_numpy() if "verdict" in own else nothing
    circular = (own["judged_by"] == BY_CLIP).to_numpy() if "judged_by" in own else nothing
    named = (own["concept"] != NONE).to_numpy()
    warnings = {f"untestable_{kind}": verdict & named}
    if kind == WORDS:
        warnings["circular_words"] = circular & named
    return Part(values, definitions, source, warnings)


def measure_part(table: pd.DataFrame, source: str) -> Part:
    """Take the measures that units are ranked by, and the ranks; see `lucidag.units.labels.ranking.rank_units`."""
    own = table.sort_values("unit").reset_index(drop=True)
    taken = [column for column in MEASURES if own[column].notna().any()]
    ranks = [f"{column}_rank" for column in taken if f"{column}_rank" in own]
    definitions = {column: MEASURES[column] for column in taken}
    definitions |= {rank: f"rank by {rank.removesuffix('_rank')}, 1 for the greatest" for rank in ranks}
    return Part(own[[*taken, *ranks]], definitions, source)
