"""What a method is: a class that says what its maps are, and one function that makes them."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from torch import nn

from lucidag.explain.methods.explainer import Explainer, single
from lucidag.explain.reference import Case, Reference
from lucidag.explain.store import About, Explained, Kind
from lucidag.explain.subjects import Subject
from lucidag.ground.errors import InputError
from lucidag.ground.section import Section
from lucidag.models.fast import accelerate
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network

EMPTY = "the map is constant: there is nothing to show"
Need = Literal["gradients", "maps", "relevance", "attention", "perturbation"]
# What each of these is, of a network as a whole.
NEEDED: Mapping[Need, str] = {
    "gradients": "logits with a gradient to the image",
    "maps": "a layer with maps",
    "relevance": "a rule for every step",
    "attention": "attention",
    "perturbation": "any",
}


class Group:
    """Methods that explain in one go: here one after the other, each by its own function.

    Parameters
    ----------
    methods
        Class by name, in order.
    network
        The network with its weights.
    options
        Plain values: the settings of the family.
    device
        Where to compute.

    Attributes
    ----------
    names
        The methods' names, in order.
    classes
        Name to class.
    network, device
        The network, in eval mode on the device.
    """

    def __init__(
        self, methods: Mapping[str, type["Method"]], network: Network, options: Mapping[str, Any], device: str
    ) -> None:
        self.network, self.device = network, device
        self.network.model.to(device).eval()
        self.options = options
        self.classes = {name: method for name, method in methods.items() if method.takes(network)}
        self.names = tuple(self.classes)
        self.prepare()

    def prepare(self) -> None:
        """Make ready what all images share."""
        self._methods = {name: each(self.network.inputs, self.options) for name, each in self.classes.items()}

    def explain(self, subject: Subject, classes: Sequence[str]) -> Explained:
        """Explain an image by all methods, for its file of explanations."""
        x, logits, target = asked(self.network, subject, self.device)
        found = [each(x, target) for each in self.again(subject.image)]
        maps = {name: values[0].astype(np.float32) for each in found for name, values in each.items()}
        record = decision(subject.label, softmax(logits), target, classes)
        alike = self._alike(subject, x, logits, target, maps)
        other = {"same_for": {name: classes[index] for name, index in alike.items()}} if alike else {}
        return self.explained(subject, maps, {**record, "logit": float(logits[target]), **other})

    def _alike(
        self, subject: Subject, x: torch.Tensor, logits: NDArray[np.float64], target: int, maps: Mapping[str, Any]
    ) -> dict[str, int]:
        """Give the methods that have the same map for a second class, the likeliest other one, and that class."""
        others = [int(index) for index in np.argsort(-logits, kind="stable") if index != target]
        asked = [each for each in self.again(subject.image) if self.classes[each.methods[0]].asked_twice]
        found = [each(x, others[0]) for each in asked] if others else []
        second = {name: values[0].astype(np.float32) for each in found for name, values in each.items()}
        return {name: others[0] for name, values in second.items() if np.array_equal(values, maps[name])}

    def explained(self, subject: Subject, maps: Mapping[str, Any], record: Mapping[str, Any], **more: Any) -> Explained:  # noqa: ANN401
        """Put together what is stored of an image."""
        about = {name: self.classes[name].about() for name in maps}
        empty = [name for name, values in maps.items() if nothing_in(values)]
        if empty and "notes" not in record:
            record = {**record, "notes": dict.fromkeys(empty, EMPTY)}
        return Explained(subject.image, subject.frame.numpy(), subject.mask, maps, record=record, about=about, **more)

    def explainers(self, model: nn.Module | None = None) -> list[Explainer]:
        """Return the methods as functions, of the network or of a copy of it whose weights are others."""
        forms = self._forms if model is None else Forms(model)

        def function(method: "Method") -> Callable[[torch.Tensor, int], Any]:
            return lambda x, target: method.maps(forms.of(method, x), x, target)

        def by_image(method: "Method") -> Callable[[str], Callable[[torch.Tensor, int], Any]]:
            return lambda image: function(method.of(image))

        return [single(name, function(method), by_image(method)) for name, method in self._methods.items()]

    @cached_property
    def _forms(self) -> "Forms":
        return Forms(self.network.model)

    def again(self, image: str) -> list[Explainer]:
        """Return the methods as functions with the settings and the random draws of an image."""
        return [each.of(image) for each in self.explainers()]


class Forms:
    """A network as it is, and in its fastest form, made when a method that asks for many passes first wants it."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._fast: nn.Module | None = None

    def of(self, method: "Method", x: torch.Tensor) -> nn.Module:
        """Give what a method is to run for images as `x`."""
        if method.needs != "perturbation":
            return self._model
        if self._fast is None:
            self._fast = accelerate(self._model, x[:1])
        return self._fast


class Method:
    """A method that explains decisions; a subclass says the words below and has a function `maps`.

    Attributes
    ----------
    title
        Its name in figures.
    kind
        What its maps are: ``graded`` (from 0 to 1, more where there is more evidence for the class), ``signed`` (above
        0 where the evidence is for the class, below where against it) or ``selection`` (weights of the parts that it
        chose, 0 elsewhere).
    needs
        What it works on: ``gradients``, ``maps`` of a layer, ``relevance``, ``attention`` or ``perturbation``.
    per_class
        Whether its maps depend on the class that is explained; where not, its title says so.
    asked_twice
        Whether a map costs so little that a second class is asked too, to see whether both have the same.
    Settings
        Its settings, under ``explain.options`` in the configuration.
    group
        What explains by the methods of its family; a family with a fast path has a group of its own.
    library
        The package, by its name in a registry, that has the method too, and that `reference` asks; None: there is none.
    settings, inputs, image
        Of an instance: the settings, how an image becomes the network's input (None where it need not be known), and
        the id of the image that it explains, from which random draws take their seed (see `of`).
    """

    title: ClassVar[str]
    kind: ClassVar[Kind]
    needs: ClassVar[Need]
    per_class: ClassVar[bool] = True
    asked_twice: ClassVar[bool] = False
    Settings: ClassVar[type[Section]] = Section
    group: ClassVar[type[Group]] = Group
    library: ClassVar[str | None] = None

    def __init__(self, inputs: Inputs | None = None, options: Mapping[str, Any] | None = None) -> None:
        self.inputs, self.image = inputs, ""
        self.settings = self.Settings.model_validate(options or {})

    def maps(self, model: nn.Module, x: torch.Tensor, target: int) -> ArrayLike | torch.Tensor:
        """Give the maps (B x S x S) of images.

        Parameters
        ----------
        model
            The network in eval mode, or a copy of it whose weights are others; where the method `needs` perturbation,
            in its fastest form (`lucidag.models.fast.accelerate`), whose parameters ask for no gradients.
        x
            Float B x C x S x S, normalised, on the network's device; gradients are on.
        target
            The class to explain.
        """
        raise NotImplementedError

    def reference(self, case: Case) -> Reference:
        """Explain an image by `library`, in its own plain way and with the settings that the stored map was made with.

        Each run compares the stored map with this one. Where the plain way is slow, both take fewer samples or
        channels: then `Reference.ours` is made anew, and `Reference.note` says so.

        Raises
        ------
        NoReferenceError
            If the library cannot take the network; the sentence says why.
        """
        raise NotImplementedError

    def of(self, image: str) -> Self:
        """Return the method with the random draws of one image."""
        own = copy(self)
        own.image = image
        return own

    @classmethod
    def takes(cls, network: Network) -> bool:
        """Say whether there is something to explain in this network; where not, it has no map by this method."""
        return True

    @classmethod
    def about(cls) -> About:
        """Return what tables and figures have to know of its maps."""
        return About(cls.title if cls.per_class else f"{cls.title} (no class)", cls.kind, cls.per_class)

    @classmethod
    def check(cls, method: str) -> None:
        """Make sure that the class says what it must; raises InputError."""
        for name, allowed in (("title", ()), ("kind", get_args(Kind)), ("needs", get_args(Need))):
            value = getattr(cls, name, None)
            if not isinstance(value, str) or (allowed and value not in allowed):
                words = f"one of {', '.join(allowed)}" if allowed else "its name in figures"
                raise InputError(f"method '{method}': `{name}` is {value!r}; it must be {words}")


def nothing_in(values: ArrayLike) -> bool:
    """Tell whether a map is the same everywhere."""
    return bool(np.ptp(np.asarray(values)) == 0)


def asked(network: Network, subject: Subject, device: str) -> tuple[torch.Tensor, NDArray[np.float64], int]:
    """Give an image as the network takes it (1 x C x S x S), its C logits, and the class that is explained."""
    x = network.inputs.normalise(subject.frame[None].to(device))
    with torch.inference_mode():
        logits = network.model(x).cpu().numpy()[0].astype(float)
    return x, logits, int(logits.argmax()) if subject.target is None else subject.target


def decision(label: str, probabilities: ArrayLike, target: int, classes: Sequence[str]) -> dict[str, Any]:
    """Say what the network decided about an image, and which class is explained.

    Parameters
    ----------
    label
        The image's own class.
    probabilities
        C numbers that sum to 1.
    target
        The class that is explained, as an index.
    classes
        The C names.
    """
    shares = np.asarray(probabilities, dtype=float)
    best = np.argsort(-shares, kind="stable")[:5]
    return {
        "label": label,
        "target": int(target),
        "target_name": classes[target],
        "probability": float(shares[target]),
        "predicted": int(best[0]),
        "predicted_name": classes[best[0]],
        "top": [[classes[index], float(shares[index])] for index in best],
    }
