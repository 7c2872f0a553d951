"""Layer-wise relevance propagation as methods: one set of rules each, made in one job."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import nn
from zennit.core import Composite

from lucidag.explain.methods.base import Group, Method, asked, decision
from lucidag.explain.methods.explainer import Explainer, NoMapError, single
from lucidag.explain.reference import Case, Reference
from lucidag.explain.relevance.composites import composite_on, input_range
from lucidag.explain.relevance.lrp import Ending, ending_of, lrp, refuse_exploded
from lucidag.explain.relevance.settings import Lrp
from lucidag.explain.store import Explained
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import told_of

EXPLODES = "the relevance explodes: two ways of computing it differ by all of their rounding"


class LrpGroup(Group):
    """Relevance by several sets of rules; those of a network are made once."""

    classes: dict[str, type["LrpMethod"]]  # type: ignore[assignment]

    def prepare(self) -> None:
        """Give each layer its rules."""
        self._settings = Lrp.model_validate(self.options)
        with told_of("explain.methods"):
            self._rules, self._ending = self._looked_at(self.network.model)

    def explain(self, subject: Subject, classes: Sequence[str]) -> Explained:
        """Explain an image.

        The record has, by method, ``relevance`` (its sum over the pixels, beside ``logit``), ``growth``, and
        ``exploded``: the methods whose relevance exploded (see `lucidag.explain.relevance.lrp.Relevance`).
        """
        x, logits, target = asked(self.network, subject, self.device)
        results = {
            name: lrp(self.network.model, x, [target], rules, ending=self._ending)
            for name, rules in self._rules.items()
        }
        record = {
            **decision(subject.label, softmax(logits), target, classes),
            "logit": float(logits[target]),
            "relevance": {name: _finite(result.totals[0]) for name, result in results.items()},
            "growth": {name: _finite(result.growth[0]) for name, result in results.items()},
            "exploded": [name for name, result in results.items() if result.exploded[0]],
        }
        return self.explained(subject, {name: result.maps[0] for name, result in results.items()}, record)

    def explainers(self, model: nn.Module | None = None) -> list[Explainer]:
        """Return each method as a function; relevance that explodes is refused, but not of a randomised network."""
        own = model is None or model is self.network.model
        network = self.network.model if model is None else model
        composites, ending = (self._rules, self._ending) if own else self._looked_at(network)

        def maps(name: str, rules: Composite, x: torch.Tensor, target: int) -> NDArray[np.float32]:
            found = lrp(network, x, [target] * len(x), rules, self._settings.batch_size, ending=ending)
            if own:
                refuse_exploded(found, name, error=NoMapError)
            return found.maps

        return [single(name, partial(maps, name, rules)) for name, rules in composites.items()]

    def _looked_at(self, model: nn.Module) -> tuple[dict[str, Composite], Ending]:
        """Give by method the rules of a network's layers, and what it ends in."""
        inputs, device = self.network.inputs, self.device
        rules = {name: composite_on(each.composite, model, inputs, device) for name, each in self.classes.items()}
        return rules, ending_of(model, inputs.example(1).to(device), rules.values())


class LrpMethod(Method):
    """A set of rules by which relevance is passed on, see `lucidag.explain.relevance.composites`.

    Attributes
    ----------
    composite
        The name of the rules.
    note
        What is to be said of the library's map.
    """

    kind = "signed"
    needs = "relevance"
    group = LrpGroup
    library: ClassVar[str | None] = "zennit"
    composite: ClassVar[str]
    note: ClassVar[str] = ""

    def reference(self, case: Case) -> Reference:
        """Ask zennit, with its own canonizers."""
        from lucidag.explain.relevance.library import library_relevance, plain_composite

        low, high = input_range(case.inputs, case.x.device)
        rules = plain_composite(self.composite, low, high)
        found = library_relevance(case.model, case.x, case.target, rules).cpu().numpy()
        unsteady = EXPLODES if self.composite in case.record["exploded"] else ""
        return Reference(found, note=self.note, unsteady=unsteady)


def _finite(value: float) -> float | None:
    """Give a number that JSON can hold: None where it is not finite."""
    return float(value) if np.isfinite(value) else None


class EpsilonPlusFlat(LrpMethod):
    """The rules `epsilon_plus_flat`."""

    title = "LRP: ε, z+, flat"
    composite = "epsilon_plus_flat"


class EpsilonGammaBox(LrpMethod):
    """The rules `epsilon_gamma_box`."""

    title = "LRP: ε, γ, box"
    composite = "epsilon_gamma_box"
    note = "zennit's canonizers and passes, with the gamma rule that zennit has from 0.5 on"


class EpsilonUnsignedGammaBox(LrpMethod):
    """The rules `epsilon_unsigned_gamma_box`."""

    title = "LRP: ε, γ unsigned, box"
    composite = "epsilon_unsigned_gamma_box"


class EpsilonAlpha2Beta1(LrpMethod):
    """The rules `epsilon_alpha2_beta1`."""

    title = "LRP: ε, α2β1"
    composite = "epsilon_alpha2_beta1"


class AttnLrp(LrpMethod):
    """The rules `attn_lrp`; the installed zennit has none of them."""

    title = "AttnLRP: γ, softmax"
    library = None
    composite = "attn_lrp"
