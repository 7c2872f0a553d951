"""What the surroundings of a script need to know of its job."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol


class Task(Protocol):
    """The part of a Snakemake script's `snakemake` object that the surroundings need."""

    @property
    def rule(self) -> str:
        """Name of the rule."""

    @property
    def input(self) -> Iterable[str]:
        """Paths of the input files."""

    @property
    def output(self) -> Iterable[str]:
        """Paths of the output files."""

    @property
    def params(self) -> Any:  # noqa: ANN401 (Snakemake's own class)
        """The settings, the code and whatever else the job is given, by name."""

    @property
    def log(self) -> Sequence[str]:
        """Paths of the log files."""

    @property
    def wildcards(self) -> Any:  # noqa: ANN401 (Snakemake's own class)
        """The wildcards of the job."""
