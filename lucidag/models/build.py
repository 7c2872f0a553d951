"""A network by its name: torchvision's architectures, or a factory of the user's own."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from lucidag.ground.errors import InputError, told_of
from lucidag.ground.spelling import nearest
from lucidag.ground.user_code import user_module
from lucidag.models.head import evaluating


def build(architecture: str, classes: int, options: Mapping[str, Any], seed: int) -> nn.Module:
    """Build an untrained network for `classes` classes.

    The random numbers of the initial weights come from `seed` alone; torch's own generator is left
    as it was.

    Parameters
    ----------
    architecture
        A classification architecture of torchvision (``resnet18``), or ``package.module:factory``.
        A factory is called as ``factory(num_classes=classes, **options)``.
    classes
        The number of classes, thus of outputs.
    options
        Further keyword arguments of the architecture.
    seed
        The seed of the initial weights.

    Raises
    ------
    InputError
        For an unknown architecture, a factory that cannot be imported, an option that it does not
        take, or a result that is no ``nn.Module``.
    """
    factory, fixed = _user_factory(architecture) if ":" in architecture else _torchvision_factory(architecture)
    fixed = {"num_classes": classes, **fixed}
    for name in options:
        if name in fixed:
            raise InputError(f"architecture '{architecture}': option '{name}' is set by lucidag, leave it out")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        try:
            model = factory(**fixed, **options)
        except (TypeError, ValueError) as error:
            given = f" with options {dict(options)}" if options else ""
            raise InputError(f"architecture '{architecture}' could not be built{given}: {error}") from error
    if not isinstance(model, nn.Module):
        kind = type(model).__name__
        raise InputError(f"architecture '{architecture}' gave a {kind}; it must give a torch.nn.Module")
    return model.float()  # whatever a factory chose: images come in float32


def fill_lazy(model: nn.Module, example: torch.Tensor, seed: int) -> None:
    """Give layers that take their sizes from their first batch (``nn.LazyLinear``) weights, from `seed` alone."""
    if not any(is_lazy(each) for each in (*model.parameters(), *model.buffers())):
        return
    with torch.random.fork_rng(devices=[]), evaluating(model), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        with suppress(RuntimeError, ValueError, IndexError, AssertionError):  # the check of outputs tells of these
            model(example.clone())


def _torchvision_factory(name: str) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Return torchvision's builder of a classification architecture, and the arguments that are not the user's."""
    import torchvision  # here, as it takes seconds and not every network is one of its

    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        raise InputError(f"architecture '{name}' is not one of torchvision's {len(known)}{nearest(name, known)}")
    fixed: dict[str, Any] = {"weights": None}
    if name in ("googlenet", "inception_v3"):
        # With auxiliary heads a forward pass in training gives a tuple instead of logits.
        fixed |= {"aux_logits": False, "init_weights": False}
    return torchvision.models.get_model_builder(name), fixed


def _user_factory(architecture: str) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Import the factory that ``package.module:factory`` names."""
    module_name, _, name = architecture.partition(":")
    with told_of(f"architecture '{architecture}'"):
        module = user_module(module_name)
    factory = getattr(module, name, None)
    if not callable(factory):
        public = [key for key, value in vars(module).items() if callable(value)]
        raise InputError(
            f"architecture '{architecture}': '{module_name}' has no function '{name}'{nearest(name, public)}"
        )
    return factory, {}
