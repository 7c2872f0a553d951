"""What a network of one's own does before its training begins: its method ``prepare``, where it has one."""

from torch import nn

from lucidag.models.settings import Train


def prepare(model: nn.Module, settings: Train) -> None:
    """Let a network get ready: call its ``prepare(seed, threads)``, in place; one without it stays as it is.

    Parameters
    ----------
    model
        The network, on the CPU.
    settings
        Of its training: ``seed`` and ``threads``.
    """
    own = getattr(model, "prepare", None)
    if callable(own):
        own(settings.seed, settings.threads)
