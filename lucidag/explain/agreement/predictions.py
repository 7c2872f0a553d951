"""Whether a mask can grade a map: only where both are about one class."""

from lucidag.explain.store import Explained

RIGHT, WRONG, ALL = "right", "wrong", "all"


def prediction_of(explained: Explained) -> str:
    """Tell whether an image is explained for its own class, which its mask shows.

    Returns
    -------
    str
        ``right`` where the explained class is the image's own: the predicted class, unless the image names a target;
        also where no class is known. Else ``wrong``.
    """
    return RIGHT if explained.record.get("target_name") == explained.record.get("label") else WRONG
