"""What the tables of agreement are compared with."""

import numpy as np


def dice(a, b):
    """Return twice the intersection over the sum of both areas; NaN for two empty masks."""
    areas = np.count_nonzero(a) + np.count_nonzero(b)
    return float(2 * np.count_nonzero(a & b) / areas) if areas else float("nan")
