"""LIME: the superpixels whose presence raises the probability of the class (Ribeiro et al. 2016)."""

from collections.abc import Mapping, Sequence
from typing import Any

from lucidag.explain.lime.group import LimeGroup
from lucidag.explain.methods.base import Group, Method
from lucidag.models.network import Network


class Lime(Method):
    """Local surrogate models over superpixels."""

    title = "LIME"
    kind = "selection"
    needs = "perturbation"

    @classmethod
    def group(cls, methods: Sequence[str], network: Network, options: Mapping[str, Any], device: str) -> Group:
        """Make what explains by LIME."""
        return LimeGroup(methods, network, options, device)
