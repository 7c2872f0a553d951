"""Networks rewritten, for as long as relevance is computed, so that each of their steps has a rule.

Every canonizer leaves the network's function as it is.
"""

from collections.abc import Sequence

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from zennit.canonizers import Canonizer, NamedMergeBatchNorm

from lucidag.explain.relevance.form import Form
from lucidag.explain.relevance.forward import ByFunction, RuleOf
from lucidag.explain.relevance.functions import RULES, Rule
from lucidag.explain.relevance.plain_weights import PlainWeights


class MergeBatchNorm(NamedMergeBatchNorm):
    """zennit's merging of BatchNorms into the linear layers before them, without its leftover.

    zennit leaves a merged BatchNorm an epsilon, so that it divides by sqrt(1 + epsilon) still: little, but once for
    each layer, and relevance is lost by as much.

    Parameters
    ----------
    merges
        Names of layers with those of their BatchNorms, see `lucidag.explain.relevance.form.Form`.
    """

    def __init__(self, merges: Sequence[tuple[str, str]]) -> None:
        super().__init__([((layer,), norm) for layer, norm in merges])
        self.merges = merges

    def register(self, linears: Sequence[nn.Module], batch_norm: _BatchNorm) -> None:
        """Merge, and make the BatchNorm an exact identity."""
        self.epsilon = batch_norm.eps
        super().register(linears, batch_norm)
        batch_norm.eps = 0.0

    def remove(self) -> None:
        """Undo the merging."""
        self.batch_norm.eps = self.epsilon
        super().remove()

    def copy(self) -> "MergeBatchNorm":
        """Give one for another BatchNorm."""
        return MergeBatchNorm(self.merges)


def canonizers(form: Form, rule_of: RuleOf | None = None, rules: dict[str, Rule] = RULES) -> list[Canonizer]:
    """Return all canonizers for a network of this form; see `ByFunction` about `rule_of` and `rules`."""
    return [PlainWeights(), MergeBatchNorm(form.merges), ByFunction(form.layers, rule_of, rules)]
