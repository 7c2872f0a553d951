"""What the top images of a unit have in common, as the dossier has it."""

import pandas as pd

from lucidag.units.dossier.part import Part

DEFINITIONS = {
    "clarity": "mean cosine similarity of its top images in the space of the CLIP",
    "clarity_random": "what random images of the same number reach, at the level of intervals",
    "clear": "whether its clarity is above that",
    "clusters": "how many clusters its top images form; 1 where no division is clearer than those of random images",
    "separation": "the greatest mean silhouette of a division of its top images",
    "separation_random": "what random images reach, at the level of intervals",
    "alike": "the unit of the layer whose top images are most similar to its own",
    "similarity": "the cosine of the mean embeddings of both",
}


def alike_part(table: pd.DataFrame, layer: str, source: str) -> Part:
    """Take the rows of a layer out of ``units/{model}/images.csv`` (see `lucidag.units.labels.top_table`)."""
    rows = table[table["layer"] == layer].sort_values("unit").reset_index(drop=True)
    return Part(rows[list(DEFINITIONS)], DEFINITIONS, source)
