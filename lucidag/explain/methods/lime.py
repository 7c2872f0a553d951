"""LIME: the superpixels whose presence raises the probability of the class (Ribeiro et al. 2016)."""

from collections.abc import Mapping
from typing import Any

from lucidag.explain.lime.group import LimeGroup
from lucidag.explain.methods.base import Group, Method, Methods
from lucidag.models.network import Network


class Lime(Method):
    """Local surrogate models over superpixels."""

    title = "LIME"
    kind = "selection"
    needs = "perturbation"

    @classmethod
    def group(cls, methods: Methods, network: Network, options: Mapping[str, Any], device: str) -> Group:
        """Make what explains by LIME."""
        return LimeGroup(methods, network, options, device)
