"""Which methods know no class, as every table of explanations says: their maps are the same for all classes."""

from collections.abc import Collection, Sequence

import pandas as pd

from lucidag.explain.store import Explained

COLUMN = "no_class"
NOTE = "knows no class"


def without_class(images: Sequence[Explained]) -> set[str]:
    """Return the methods of stored explanations whose maps do not depend on the class."""
    return {method for image in images for method, about in image.about.items() if not about.per_class}


def marked(table: pd.DataFrame, methods: Collection[str]) -> pd.DataFrame:
    """Add the column ``no_class``: which of a row's methods know no class, joined by ``;``.

    Parameters
    ----------
    table
        With a column ``method``, or ``method_a`` and ``method_b``.
    methods
        Those that know no class.
    """
    columns = [name for name in ("method", "method_a", "method_b") if name in table]
    rows = zip(*(table[name] for name in columns), strict=True)
    said = [";".join(dict.fromkeys(name for name in row if name in methods)) for row in rows]
    return table.assign(**{COLUMN: pd.Series(said, index=table.index, dtype=object)})
