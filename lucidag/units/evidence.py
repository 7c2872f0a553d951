"""What tells which concepts the images of a probe set show: embeddings by a CLIP, or the set's own labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Evidence:
    """N images and M concepts, as two matrices whose product is how alike they are.

    Attributes
    ----------
    concepts, categories
        M names, and the category of each; empty where it is unknown.
    ids
        The N image ids.
    images, texts
        float32 N x D and M x D; of a CLIP the embeddings, each row of length 1.
    """

    concepts: tuple[str, ...]
    categories: tuple[str, ...]
    ids: tuple[str, ...]
    images: NDArray[np.float32]
    texts: NDArray[np.float32]
