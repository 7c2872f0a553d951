"""What all measures have in common."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from lucidag.claims.found import Evidence, Need, NotMeasuredError, One, Where
from lucidag.ground.section import Section

if TYPE_CHECKING:
    from lucidag.claims.reader import Reader


CONFIDENCE = 0.95
Subject = Literal["model", "dataset", "study", "generalisation", "file", "test"]
Several = Annotated[
    list[str], BeforeValidator(lambda given: [given] if isinstance(given, str) else given), Field(min_length=1)
]


class Measure(Section):
    """A named function of result tables, with its parameters.

    Attributes
    ----------
    subject
        What its names are names of; models may be named by their family.
    view
        Where the atlas shows such results.
    """

    subject: ClassVar[Subject] = "model"
    view: ClassVar[str] = ""

    of: Several = Field(description="What is looked at: those of these names that the configuration has.")

    def needs(self, name: str) -> list[Need]:
        """Return the files that it reads about `name`, in the order of their importance."""
        raise NotImplementedError

    def one(self, name: str, read: "Reader") -> One:
        """Return what is measured of `name`.

        Raises
        ------
        NotMeasuredError
            If the tables do not hold it.
        """
        raise NotImplementedError

    def link(self, name: str) -> str:
        """Return where the atlas shows it."""
        if self.view == "function":
            return f"#function={name}"
        return f"#{self.view}" if self.view else ""


def row_of(read: "Reader", need: Need, where: Where) -> tuple[dict[str, Any], Evidence]:
    """Return the only row of a table that has these cells, its numbers, and where it stands.

    Raises
    ------
    NotMeasuredError
        If there is not exactly one.
    """
    table = read.table(need)
    for column, cell in where.items():
        if column not in table.columns:
            raise NotMeasuredError(f"{read.shown(need)} has no column '{column}'")
        table = table[table[column] == cell]
    if len(table) != 1:
        asked = ", ".join(f"{column} {cell}" for column, cell in where.items())
        raise NotMeasuredError(f"{read.shown(need)} has {len(table)} rows with {asked}")
    return {str(column): cell for column, cell in table.iloc[0].items()}, Evidence(need, where)


def defined(value: float | None) -> float | None:
    """Return a number, and None for what is missing."""
    return None if value is None or value != value else float(value)
