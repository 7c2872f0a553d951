"""What all sections of a configuration have in common."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Count = Annotated[int, Field(ge=1)]
Shards = Count
Split = Literal["train", "val", "test"]
Level = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """A part of the configuration: unknown keys are refused, values never change after the check."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)
