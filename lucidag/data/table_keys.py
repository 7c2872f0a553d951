"""What a configuration may say about a table of images: its columns, its delimiter, what is joined to it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from lucidag.data.table import Further
from lucidag.ground.section import Section, once


def _known(encoding: str) -> str:
    try:
        "a".encode(encoding)
    except (LookupError, UnicodeError):
        raise ValueError(f"'{encoding}' is no encoding of text; utf-8, utf-16, cp1252 and latin-1 are some") from None
    return encoding


def _written(delimiter: object) -> object:
    return "tab" if delimiter == "\t" else delimiter


def _with_dot(suffix: str) -> str:
    return f".{suffix}" if suffix.isalnum() else suffix


def _different(names: str | list[str]) -> str | list[str]:
    return names if isinstance(names, str) else once(names)


def _two(names: str | list[str]) -> str | list[str]:
    if not isinstance(names, str) and len(names) < 2:
        raise ValueError("a column for each class is needed, of two classes or more")
    return names


Names = Annotated[str | list[str], AfterValidator(_different)]
Delimiter = Annotated[Literal[",", ";", "|", "tab"], BeforeValidator(_written)]
Encoding = Annotated[str, AfterValidator(_known)]
Suffix = Annotated[str, AfterValidator(_with_dot)]
DELIMITER_MEANS = "What stands between two cells; default: found by the header."
ENCODING_MEANS = "Encoding, such as `cp1252`; default: by the file's mark, UTF-8, or else Western European."


def sign(delimiter: str | None) -> str | None:
    """Return what stands between two cells as it stands there."""
    return "\t" if delimiter == "tab" else delimiter


class Columns(Section):
    """Names of the columns of a data set's CSV; null: there is none."""

    image: str = Field(
        default="image", description="Path of the image, or its name without suffix; default also: a usual name."
    )
    label: Annotated[Names, AfterValidator(_two)] = Field(
        default="label",
        description="Name of the class; or a column for each class, of which one is 1. Default also: a usual name, or "
        "such columns.",
    )
    split: str | None = Field(default="split", description="Existing split (train, val, test), where there is one.")
    mask: str | None = Field(default="mask", description="Path of a mask of the image's size, where there is one.")
    id: str | None = Field(
        default="id", description="Patient or lesion, where there is one: one id never sits on two sides."
    )

    def named(self) -> dict[str, str | list[str] | None]:
        """Return the columns by role that are named here; others are those that the file has."""
        return {role: column for role, column in self.model_dump().items() if role in self.model_fields_set}


class Join(Section):
    """A further table that adds its columns to the rows of the first, as one of patients does."""

    path: str = Field(description="The CSV, with one row for each key.")
    key: Names | dict[str, str] | None = Field(
        default=None,
        description="Column that both have, or several that are the key together, or names in the first table to "
        "those here; default: the only common one.",
    )
    delimiter: Delimiter | None = Field(default=None, description=DELIMITER_MEANS)
    encoding: Encoding | None = Field(default=None, description=ENCODING_MEANS)

    def further(self) -> Further:
        """Return it as it is read."""
        return Further(self.path, self.key or None, sign(self.delimiter), self.encoding)
