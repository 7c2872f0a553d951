"""LIME: the superpixels whose presence raises the probability of the class (Ribeiro et al. 2016)."""

from lucidag.explain.lime.group import LimeGroup
from lucidag.explain.methods.base import Method


class Lime(Method):
    """Local surrogate models over superpixels."""

    title = "LIME"
    kind = "selection"
    needs = "perturbation"
    group = LimeGroup
