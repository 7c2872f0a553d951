"""Labels of units by words and by pixels, and their ranks by activation."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lucidag.units.dossier.part import Part
from lucidag.units.labels.unit_tables import methods_of
from lucidag.units.names import BY_CLIP, NETDISSECT, NONE, SECOND, SECOND_CHANCE, STRENGTH, TITLES, UNTESTABLE

WORDS, PIXELS = "words", "pixels"
NEXT = "next_concept"
# What the verdict on a label rests on, and that on a second concept too.
TESTED = {
    "verdict": "confirmed, unconfirmed or untestable, by images that did not choose it",
    "why": "why it is not confirmed",
    "judged_by": "what tells which images show the concept",
    "auprc": "average precision on the half of the images that did not choose it",
    "auprc_low": "lower end of its interval",
    "auprc_high": "upper end of its interval",
    "base_rate": "share of these images that show the concept: the average precision of chance",
    "dealt": "mean average precision of the unit with those of other units",
    "lift": "(average precision - base rate) / (1 - base rate)",
    "p": "whether the concept dealt out to the images anew would do as well, corrected over the units of the layer",
}
# Of the columns of a table of labels, those that a dossier takes, and what they hold.
TAKEN = {
    "concept": "the label; 'none' without one",
    "category": "the category of the label, where it is known",
    "score": "how well the label describes the unit",
    "strength": "how many standard deviations the label lies above what units with randomly drawn images give it",
    "strength_random": "what the greatest strength of units with randomly drawn images stays below, by the level asked",
    NEXT: "the next best concept",
    "own_iou": "intersection over union of the unit's region and the pixels of its label",
    "detector": "whether the IoU reaches that of a detector",
    **TESTED,
    SECOND: "a second concept: what the unit answers to most in images that do not show the label; 'none' without one",
    f"{SECOND}_category": "its category, where it is known",
    f"{SECOND}_score": "share of the unit's top images among those without the label that show it",
    **{
        f"{SECOND}_{column}": f"of the second concept, in images without the label: {what}"
        for column, what in TESTED.items()
    },
    SECOND_CHANCE: "whether a second concept would be confirmed with the unit's activations dealt out to other images",
}
TEXTS = ("verdict", "why", "judged_by")
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
    # Pixels give no next best concept: the column of a table of both methods is empty there.
    known = own.replace({NEXT: {"": np.nan}})
    taken = [column for column in TAKEN if column in known and not known[column].isna().all()]
    values = own[taken].rename(columns=lambda column: f"{kind}_{column}").reset_index(drop=True)
    values[f"{kind}_concept"] = values[f"{kind}_concept"].fillna(NONE)
    if f"{kind}_{SECOND}" in values:
        values[f"{kind}_{SECOND}"] = values[f"{kind}_{SECOND}"].fillna(NONE)
    words = [f"{kind}_{prefix}{column}" for prefix in ("", f"{SECOND}_") for column in ("category", *TEXTS)]
    values = values.fillna({column: "" for column in (*words, f"{kind}_{NEXT}") if column in values})
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
