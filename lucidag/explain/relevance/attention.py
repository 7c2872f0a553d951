"""The ways in which relevance goes through attention, by name: tables of rules by function of torch.

``cp_lrp`` (Ali et al. 2022, ICML): what a softmax gives is a constant, so that relevance goes through the values alone.
``attn_lrp`` (Achtibat et al. 2024, ICML): a softmax has a rule of its own, and of a product of several things that
depend on the image each has the same part, shared out by contributions.
"""

from collections.abc import Mapping

import torch

from lucidag.explain.relevance.functions import RULES, Call, NoRuleError, Rule
from lucidag.explain.relevance.passing import evenly, through_softmax

CP_LRP, ATTN_LRP = "cp_lrp", "attn_lrp"


def _softmaxed(call: Call) -> torch.Tensor:
    axis = call.argument(1, "dim")
    if axis is None:
        raise NoRuleError("without an axis, which has no rule")
    return through_softmax(call.only(), call.run, axis)


def _of_several(call: Call) -> torch.Tensor:
    """Share a product out to all that depends on the image; with one such thing, as everywhere."""
    if len(call.variables) == 1:
        shared: torch.Tensor = RULES[call.name].apply(call)
        return shared
    if call.in_place:
        raise NoRuleError("in place, of several things that depend on the image")
    return evenly(call.terms, call.run)


PRODUCTS = ("matmul", "imatmul", "rmatmul", "bmm", "mm", "einsum", "mul", "imul", "rmul", "multiply")
VARIANTS: Mapping[str, dict[str, Rule]] = {
    CP_LRP: RULES,
    ATTN_LRP: {
        **RULES,
        "softmax": Rule(_softmaxed),
        **dict.fromkeys(PRODUCTS, Rule(_of_several, takes_factors=True)),
    },
}
