"""Layer-wise relevance propagation by the rules `epsilon_plus_flat`."""

from lucidag.explain.relevance.method import LrpMethod


class EpsilonPlusFlat(LrpMethod):
    """See `lucidag.explain.relevance.composites.composite_for`."""

    title = "LRP: ε, z+, flat"
    composite = "epsilon_plus_flat"
