"""What all sections of a configuration have in common."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

Item = TypeVar("Item")


def once(items: list[Item]) -> list[Item]:
    """Return the items, or stop at the first that is listed twice."""
    for item in items:
        if items.count(item) > 1:
            raise ValueError(f"'{item}' is listed twice")
    return items


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
# Upper bounds: far above what anybody means, and below what fills a memory or a week.
MOST = 1_000_000
DRAWS = 100_000  # of a bootstrap
WIDEST = 4096  # pixels
Count = Annotated[int, Field(ge=1, le=MOST)]
Side = Annotated[int, Field(ge=1, le=WIDEST)]
Shards = Count
Split = Literal["train", "val", "test"]
Level = Annotated[float, Field(gt=0, lt=1)]
Unique = Annotated[list[Item], AfterValidator(once)]


class Section(BaseModel):
    """A part of the configuration: unknown keys are refused, values never change after the check.

    Attributes
    ----------
    jobs
        Stage to the fields (or properties, of plain values) that its jobs use: a change of these makes them run
        again, and of no other. See `lucidag.config.jobs`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)
    jobs: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @classmethod
    def picked(cls, settings: Mapping[str, Any]) -> Self:
        """Return the section as a job sees it: with the fields that its stage picked, and no others to be used."""
        own = {name: field for name, field in cls.model_fields.items() if name in settings}
        parse = {name: TypeAdapter(field.annotation or Any).validate_python for name, field in own.items()}
        section = cls.model_construct(**{name: read(settings[name]) for name, read in parse.items()})
        for name in cls.model_fields.keys() - own.keys():
            section.__dict__.pop(name, None)  # one without a default is not there
        return section

    def pick(self, *names: str) -> dict[str, Any]:
        """Return these fields and properties, as builtin types."""
        fields = self.model_dump(mode="json", include=set(names))
        return {name: fields[name] if name in fields else getattr(self, name) for name in names}
