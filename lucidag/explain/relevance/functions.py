"""The rules of relevance by function of torch: whoever's code calls it, whatever the module that it is called in.

What depends on the image is *variable*. A *factor* depends on the image too but counts as a constant, as in a gate:
what a sigmoid or a softmax gives, and all that is made of such numbers alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch.utils._pytree import TreeSpec, tree_unflatten

from lucidag.explain.relevance.passing import by_contributions, unchanged

Run = Callable[..., Any]
Affine = tuple[torch.Tensor | None, torch.Tensor | None]  # scale and shift


class NoRuleError(Exception):
    """A function has no rule, or none for these arguments; the text goes on after "computes 'add'"."""


@dataclass(frozen=True)
class Call:
    """One call of a function of torch, with something in its arguments that depends on the image.

    Attributes
    ----------
    function, name
        The function, and its name without underscores at its ends: that of `add_` and `__iadd__` is ``add``.
    leaves, spec
        All its arguments, as `torch.utils._pytree.tree_flatten` gives them.
    variables, factors
        The places of these among the leaves.
    in_place
        Whether it changes its first argument.
    first
        Whether no linear layer has run before it in this pass: what is in front of the first normalises the image.
    linear
        Runs a convolution or linear layer by the rule that the composite has for it.
    """

    function: Run
    name: str
    leaves: tuple[Any, ...]
    spec: TreeSpec
    variables: tuple[int, ...]
    factors: tuple[int, ...]
    in_place: bool
    first: bool
    linear: Callable[["Call"], torch.Tensor]

    def run(self, *values: torch.Tensor) -> Any:  # noqa: ANN401 (whatever functions of torch give)
        """Run the function, with other values of the variables if any are given."""
        leaves = list(self.leaves)
        for place, value in zip(self.variables, values, strict=bool(values)):
            leaves[place] = value
        args, kwargs = tree_unflatten(leaves, self.spec)
        return self.function(*args, **kwargs)

    @cached_property
    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments in order and by name."""
        args, kwargs = tree_unflatten(list(self.leaves), self.spec)
        return args, kwargs

    def argument(self, place: int, name: str, default: object = None) -> Any:  # noqa: ANN401
        """Give one argument."""
        args, kwargs = self.arguments
        return args[place] if place < len(args) else kwargs.get(name, default)

    @property
    def terms(self) -> list[torch.Tensor]:
        """The variables."""
        return [self.leaves[place] for place in self.variables]

    def only(self, first: bool = True) -> torch.Tensor:
        """Give the one variable, which is the first of all arguments unless `first` is false."""
        if len(self.variables) > 1 or (first and self.variables != (0,)):
            raise NoRuleError("of several things that depend on the image, which has no rule")
        return self.terms[0]


@dataclass(frozen=True)
class Rule:
    """What is done instead of a call so that its relevance goes back as it should.

    Attributes
    ----------
    apply
        Runs the call.
    takes_factors
        Whether some of its arguments may be factors while others are variables.
    """

    apply: Callable[[Call], Any]
    takes_factors: bool = False


def _moved(call: Call) -> Any:  # noqa: ANN401
    """Leave to autograd what moves numbers and changes none: relevance goes where the numbers came from."""
    return call.run()


def _unchanged(call: Call) -> torch.Tensor:
    """Treat a function of each number on its own, z = g(x) x, as a product with a constant g(x)."""
    return unchanged(call.only(), call.run)


def _shared_out(call: Call) -> torch.Tensor:
    return by_contributions(call.terms, call.run, call.in_place)


def _summed(call: Call) -> torch.Tensor:
    """Share a sum out to its terms; a constant keeps its share, but in front of the first layer it has none.

    There it only says how the image is normalised, which may as well be done outside of the network.
    """
    normalises = call.first and len(call.variables) == 1
    nothing = any(type(leaf) in (int, float) and leaf == 0 for leaf in call.leaves[:2])  # how Python begins a sum
    if (normalises or nothing) and not call.in_place and _keeps_shape(call):
        return unchanged(call.terms[0], call.run)
    if normalises and call.in_place and call.variables == (0,):
        return unchanged(call.terms[0], call.run)
    return _shared_out(call)


def _scaled(call: Call) -> torch.Tensor:
    """Give all relevance of a product to its variable, whose factor counts as a constant."""
    x = call.only(first=False)
    if call.in_place or _keeps_shape(call):
        return unchanged(x, call.run)
    return _shared_out(call)  # the same, and added up where the variable was spread


def _divided(call: Call) -> torch.Tensor:
    call.only()
    return _scaled(call)


def _keeps_shape(call: Call) -> bool:
    tensors = [leaf for leaf in call.leaves if isinstance(leaf, torch.Tensor)]
    return torch.broadcast_shapes(*[tensor.shape for tensor in tensors]) == call.terms[0].shape


def _constant(call: Call) -> torch.Tensor:
    """Give a factor: nothing goes back through it."""
    if call.in_place:
        raise NoRuleError("in place, which has no rule")
    factor: torch.Tensor = call.run().detach()
    return factor


def _linear(call: Call) -> torch.Tensor:
    call.only()
    return call.linear(call)


def _multiplied(call: Call) -> torch.Tensor:
    """Share out a product of matrices, all but one of which count as constants."""
    call.only(first=False)
    return _shared_out(call)


def _off(call: Call) -> Any:  # noqa: ANN401
    if call.argument(2, "training", default=call.name.startswith("dropout")):
        raise NoRuleError("at random, also in eval mode, which has no rule")
    return _moved(call)


def _batch_normed(call: Call) -> torch.Tensor:
    """Pass a BatchNorm's relevance on unchanged, as zennit's `Pass`; most are merged into the layer before them."""
    if call.argument(5, "training", default=False):
        raise NoRuleError("by the statistics of the batch, which has no rule")
    return unchanged(call.only(), call.run)


def _extreme(call: Call) -> Any:  # noqa: ANN401
    """Pass the relevance of a maximum to the greatest number; that of one with a constant, such as 0, is a ReLU's."""
    args = [leaf for leaf in call.leaves if isinstance(leaf, torch.Tensor)]
    if len(args) == 2 and len(call.variables) == 1:
        return unchanged(call.only(first=False), call.run) if _keeps_shape(call) else _moved(call)
    return _moved(call)


def _layer_normed(call: Call) -> torch.Tensor:
    axes = tuple(range(-len(call.argument(1, "normalized_shape")), 0))
    weight, bias, epsilon = (call.argument(*each) for each in ((2, "weight"), (3, "bias"), (4, "eps", 1e-5)))
    return _normed(call, lambda x: x, axes, (weight, bias), epsilon)


def _group_normed(call: Call) -> torch.Tensor:
    groups = call.argument(1, "num_groups")
    weight, bias, epsilon = (call.argument(*each) for each in ((2, "weight"), (3, "bias"), (4, "eps", 1e-5)))
    return _normed(call, lambda x: x.reshape(len(x), groups, -1), (-1,), _by_channel(call, weight, bias), epsilon)


def _instance_normed(call: Call) -> torch.Tensor:
    if not call.argument(5, "use_input_stats", default=True):
        return _unchanged(call)
    weight, bias, epsilon = (call.argument(*each) for each in ((3, "weight"), (4, "bias"), (7, "eps", 1e-5)))
    return _normed(call, lambda x: x.flatten(2), (-1,), _by_channel(call, weight, bias), epsilon)


def _by_channel(call: Call, weight: torch.Tensor | None, bias: torch.Tensor | None) -> Affine:
    spatial = [1] * (call.only().ndim - 2)
    first, second = (None if each is None else each.reshape(-1, *spatial) for each in (weight, bias))
    return first, second


def _normed(
    call: Call,
    arranged: Callable[[torch.Tensor], torch.Tensor],
    axes: tuple[int, ...],
    affine: Affine,
    epsilon: float,
) -> torch.Tensor:
    """Share out a normalised sum, of which the mean is a part and the deviation a constant (Ali et al. 2022, ICML)."""
    x = call.only()
    variance = arranged(x.detach()).var(axes, unbiased=False, keepdim=True)
    deviation, (weight, bias) = (variance + epsilon).sqrt(), affine

    def compute(x: torch.Tensor) -> torch.Tensor:
        own = arranged(x)
        z = ((own - own.mean(axes, keepdim=True)) / deviation).reshape(x.shape)
        z = z if weight is None else z * weight
        return z if bias is None else z + bias

    return by_contributions([x], compute, copied=False)


def _rules(rule: Rule, *names: str) -> dict[str, Rule]:
    return dict.fromkeys(" ".join(names).split(), rule)


RULES: dict[str, Rule] = {
    # What moves numbers, and maxima.
    **_rules(
        Rule(_moved),
        "view reshape flatten unflatten ravel squeeze unsqueeze permute transpose swapaxes swapdims movedim moveaxis",
        "t T mT H mH contiguous clone alias to type type_as float double half bfloat16 cpu cuda requires_grad",
        "view_as reshape_as expand_as expand repeat repeat_interleave broadcast_to tile real resolve_conj resolve_neg",
        "cat concat concatenate stack hstack vstack dstack chunk split tensor_split hsplit vsplit unbind",
        "getitem setitem select narrow index_select gather take_along_dim masked_select index copy lift_fresh",
        "slice select_scatter slice_scatter masked_fill where",
        "pad constant_pad_nd constant_pad roll flip fliplr flipud rot90 unfold fold channel_shuffle",
        "pixel_shuffle pixel_unshuffle native_channel_shuffle diagonal as_strided",
        "max_pool1d max_pool2d max_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d",
        "max_pool2d_with_indices fractional_max_pool2d max_unpool2d amax amin topk sort",
    ),
    **_rules(Rule(_extreme), "max maximum min minimum"),
    # z = g(x) x, of each number on its own, or with one g for several.
    **_rules(
        Rule(_unchanged),
        "relu relu6 leaky_relu hardtanh clamp clamp_min clamp_max clip threshold elu selu celu gelu silu mish",
        "hardswish tanh softsign softshrink hardshrink tanhshrink rrelu neg negative positive abs",
        "prelu rms_norm normalize",
    ),
    # Linear in the image.
    **_rules(Rule(_summed), "add iadd radd sub isub rsub subtract"),
    **_rules(
        Rule(_shared_out),
        "sum mean avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d",
        "interpolate upsample upsample_bilinear upsample_nearest2d upsample_bilinear2d grid_sample cumsum",
    ),
    **_rules(Rule(_scaled, takes_factors=True), "mul imul rmul multiply"),
    **_rules(Rule(_divided, takes_factors=True), "div idiv itruediv truediv divide true_divide"),
    **_rules(Rule(_multiplied, takes_factors=True), "matmul imatmul rmatmul bmm mm einsum"),
    **_rules(
        Rule(_linear, takes_factors=True),
        "linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    ),
    # Factors.
    **_rules(Rule(_constant), "sigmoid hardsigmoid softmax softplus exp erf detach data"),
    **_rules(Rule(_constant), "sqrt rsqrt reciprocal var std norm linalg_vector_norm"),
    # What is off, or a constant, in eval mode.
    **_rules(Rule(_off), "dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout feature_alpha_dropout"),
    # Norms.
    **_rules(Rule(_batch_normed), "batch_norm"),
    **_rules(Rule(_layer_normed), "layer_norm"),
    **_rules(Rule(_group_normed), "group_norm"),
    **_rules(Rule(_instance_normed), "instance_norm"),
}

LINEAR = frozenset(name for name, rule in RULES.items() if rule.apply is _linear)
# Of these the second argument says a shape only.
SHAPED = frozenset({"view_as", "reshape_as", "expand_as", "type_as"})
