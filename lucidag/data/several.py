"""Whether the cells of a label column hold several labels at once. Standard library only."""

import re
from collections import Counter
from collections.abc import Iterable

SEPARATORS = ("|", ";", ",", "+", "&", "\n")  # not "/": left/front, left/back, right/front are names
_LIST = re.compile(r"[\[({].*[\])}]", re.DOTALL)


def several_at_once(labels: Iterable[str]) -> str | None:
    """Give a cell that holds several labels, where a column has such cells.

    A cell is a list in brackets (``[cat, dog]``), or parts between separators of which most also occur in other cells,
    alone or beside other parts (``cat|dog`` where ``dog`` or ``dog|bird`` occurs too). A name that only happens to hold
    a separator, such as ``tench, Tinca tinca``, is one label.
    """
    present = sorted(set(labels))
    bracketed = next((name for name in present if _LIST.fullmatch(name)), None)
    if bracketed is not None and all(_LIST.fullmatch(name) for name in present):
        return bracketed
    for separator in SEPARATORS:
        parts = {name: [part.strip() for part in name.split(separator)] for name in present}
        number = Counter(part for each in parts.values() for part in set(each))
        joined = {name: each for name, each in parts.items() if len(each) > 1 and all(each)}
        again = [name for name, each in joined.items() if all(number[part] > 1 for part in each)]
        if joined and 2 * len(again) >= len(joined):
            return again[0]
    return None
