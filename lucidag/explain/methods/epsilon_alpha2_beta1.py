"""Layer-wise relevance propagation by the rules `epsilon_alpha2_beta1`."""

from lucidag.explain.relevance.method import LrpMethod


class EpsilonAlpha2Beta1(LrpMethod):
    """See `lucidag.explain.relevance.composites.composite_for`."""

    title = "LRP: ε, α2β1"
    composite = "epsilon_alpha2_beta1"
