"""The gamma rule where inputs have both signs, as behind a LayerNorm or a GELU."""

from collections.abc import Callable, Sequence

import torch
from zennit.core import BasicHook, stabilize

Change = Callable[[torch.Tensor, str], torch.Tensor]


class SignedGamma(BasicHook):
    """zennit's `Gamma` of version 0.5 and later, which earlier ones lack.

    An output above zero is shared out to the contributions to it of which those above zero count 1 + gamma times, one
    below zero likewise to those of which the ones below zero do (Montavon et al. 2019, and Andéol et al. 2021 for the
    signs). So no divisor is nearer to zero than the output. Where gamma is 0 it is the epsilon rule.

    Parameters
    ----------
    gamma
        How much more a contribution of the output's own sign counts.
    """

    def __init__(self, gamma: float = 0.25) -> None:
        self.gamma = gamma
        above, below = (lambda x: x.clamp(min=0)), (lambda x: x.clamp(max=0))
        super().__init__(
            input_modifiers=[above, below, above, below, lambda x: x],
            param_modifiers=[
                _more(gamma, min=0.0, bias=True),
                _more(gamma, max=0.0, bias=False),
                _more(gamma, max=0.0, bias=True),
                _more(gamma, min=0.0, bias=False),
                lambda parameter, _: parameter,
            ],
            output_modifiers=[lambda output: output] * 5,
            gradient_mapper=_by_sign,
            reducer=_of_first_four,
        )

    def copy(self) -> "SignedGamma":
        """Give one for another layer."""
        return type(self)(self.gamma)


def _more(gamma: float, bias: bool, min: float | None = None, max: float | None = None) -> Change:
    def change(parameter: torch.Tensor, name: str) -> torch.Tensor:
        if name == "bias" and not bias:
            return torch.zeros_like(parameter)
        return parameter + gamma * parameter.clamp(min=min, max=max)

    return change


def _by_sign(relevance: torch.Tensor, outputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    up, down = (stabilize(outputs[place] + outputs[place + 1]) for place in (0, 2))
    plain = outputs[4]
    shares = [(plain > 0) * relevance / up] * 2 + [(plain < 0) * relevance / down] * 2
    return [*shares, torch.zeros_like(relevance)]


def _of_first_four(inputs: Sequence[torch.Tensor], gradients: Sequence[torch.Tensor]) -> torch.Tensor:
    parts = [own * gradient for own, gradient in zip(inputs[:4], gradients[:4], strict=True)]
    return parts[0] + parts[1] + parts[2] + parts[3]
