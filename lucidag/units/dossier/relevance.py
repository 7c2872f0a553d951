"""Mean relevance of units for each class, and the images where they are most relevant."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from lucidag.explain.relevance.store import RELEVANCE, References
from lucidag.units.dossier.part import Part

SHOWN = 5  # images of a unit


def relevance_part(
    references: References, layer: str, classes: tuple[str, ...], confidence: float, source: str
) -> Part:
    """Take the mean relevance of each unit for each explained class over all images, signed, and reference images.

    Parameters
    ----------
    references
        What relevance has found of the layer, among others.
    layer
        Its name.
    classes
        The names of the classes.
    confidence
        Of Student's intervals over images.
    source
        The file.
    """
    values: dict[str, Any] = {}
    definitions: dict[str, str] = {}
    found = references.by_class[layer]
    reach = stdtrit(np.maximum(found.images - 1, 1), (1 + confidence) / 2)
    unit = " in parts of the sum of absolute relevance of its image" if references.settings["normalised"] else ""
    for place, index in enumerate(found.classes.tolist()):
        name, mean = classes[index], found.mean[place].astype(np.float64)
        away = reach[place] * found.error[place].astype(np.float64)
        values |= {f"relevance:{name}": mean, f"relevance_low:{name}": mean - away}
        values[f"relevance_high:{name}"] = mean + away
        what = f"relevance for '{name}', below 0 where it speaks against{unit}"
        definitions[f"relevance:{name}"] = f"mean {what}; {found.images[place]} images explained for it"
        for end in ("low", "high"):
            definitions[f"relevance_{end}:{name}"] = f"{end} end of the interval of the {what}"
    best = references.layers[layer][RELEVANCE].rows[:, :SHOWN]
    values["reference_images"] = [";".join(references.images[row] for row in rows) for rows in best]
    definitions["reference_images"] = "the images where the unit is most relevant, the first the most"
    return Part(pd.DataFrame(values), definitions, source)
