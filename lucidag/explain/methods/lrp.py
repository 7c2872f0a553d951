"""Layer-wise relevance propagation, by each of the sets of rules that `lucidag.explain.relevance.composites` has."""

from lucidag.explain.relevance.method import LrpMethod


class EpsilonPlusFlat(LrpMethod):
    """The rules `epsilon_plus_flat`."""

    title = "LRP: ε, z+, flat"
    composite = "epsilon_plus_flat"


class EpsilonGammaBox(LrpMethod):
    """The rules `epsilon_gamma_box`."""

    title = "LRP: ε, γ, box"
    composite = "epsilon_gamma_box"


class EpsilonAlpha2Beta1(LrpMethod):
    """The rules `epsilon_alpha2_beta1`."""

    title = "LRP: ε, α2β1"
    composite = "epsilon_alpha2_beta1"
