"""Layer-wise relevance propagation by the rules `epsilon_gamma_box`."""

from lucidag.explain.relevance.method import LrpMethod


class EpsilonGammaBox(LrpMethod):
    """See `lucidag.explain.relevance.composites.composite_for`."""

    title = "LRP: ε, γ, box"
    composite = "epsilon_gamma_box"
