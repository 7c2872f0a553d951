"""The correction for many tests, by hand."""

import numpy as np
import pytest

from lucidag.ground.statistics.corrections import holm


def test_holm():
    # Holm's own steps: times 4, 3, 2, 1 in ascending order, never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.02, np.nan, 0.6]), [0.04, np.nan, 0.6])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])
    assert len(holm([])) == 0
