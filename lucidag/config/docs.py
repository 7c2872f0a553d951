"""Write the pages that the configuration model gives: ``python -m lucidag.config.docs``."""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from lucidag.config.schema import Config, config_with, sections_in
from lucidag.config.stages import page as stages_page
from lucidag.data.source import DataSource
from lucidag.ground.files import write_text

SCHEMA_PATH = Path("config/schema.json")
REFERENCE_PATH = Path("docs/configuration.md")
STAGES_PATH = Path("docs/networks.md")
WIDTH = 100  # columns of the text of all documents
INTRODUCTION = """# Configuration

Written by `make docs` from `lucidag/config/schema.py` and the sections that it composes, which also
check every file: do not edit it here.

A file names data sets, models, and the analyses to run on them. An unknown key, a wrong type, a
missing file or a layer that a network does not have stops the dry run with one line that says
where. `config/schema.json` is the same as JSON schema, for editors. Paths start from the folder
that Snakemake works in.
"""


def _named_by_module(schema: dict[str, Any]) -> None:
    del schema["const"]
    schema["pattern"] = r"^[\w.]+:\w+$"


class OwnSource(DataSource):
    """A source of your own: a class derived from `lucidag.data.source.DataSource`, with the keys that it adds."""

    model_config = ConfigDict(extra="allow")

    source: Literal["package.module:Class"] = Field(
        description="The module, as it is imported from the working directory, and the class.",
        json_schema_extra=_named_by_module,
    )


def _documented() -> type[Config]:
    return config_with([OwnSource])


# Keys under which models are named, by name, by family, or by a selection.
NAMING = ("models", "trained_with", "trained_without", "compare", "model", "without")
SELECTION = {
    "title": "Selection",
    "description": "Models of a family by values of its grid, such as `{family: net, train.lr: .01}`.",
    "type": "object",
    "properties": {"family": {"type": "string"}},
    "required": ["family"],
}


def json_schema() -> str:
    """Return the JSON schema of a configuration file, as text."""
    schema = _documented().model_json_schema()
    for section in schema["$defs"].values():
        for key, field in section.get("properties", {}).items():
            if key in NAMING:
                _allow_selections(field)
    schema["$defs"]["Selection"] = SELECTION
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _allow_selections(part: dict[str, Any]) -> None:
    """Let a selection stand wherever the schema of a field has a name."""
    if part.get("type") == "string":
        del part["type"]
        part["anyOf"] = [{"type": "string"}, {"$ref": "#/$defs/Selection"}]
        return
    for inner in (part.get("items"), *part.get("anyOf", ()), *part.get("prefixItems", ())):
        if isinstance(inner, dict):
            _allow_selections(inner)


def reference() -> str:
    """Return the reference page in Markdown: a table of keys for each section."""
    parts = [INTRODUCTION]
    for title, section in _sections(_documented(), "A file", set()):
        summary = textwrap.fill((section.__doc__ or "").strip().splitlines()[0], WIDTH)
        rows = [_row(name, field) for name, field in section.model_fields.items()]
        parts.append(
            "\n".join(
                [f"## {title}\n\n{summary}\n", "| key | value | default | meaning |", "|---|---|---|---|", *rows, ""]
            )
        )
    return "\n".join(parts)


def _sections(
    section: type[BaseModel], title: str, seen: set[type[BaseModel]]
) -> Iterator[tuple[str, type[BaseModel]]]:
    if section in seen:
        return
    seen.add(section)
    yield title, section
    for name, field in section.model_fields.items():
        for inner in sections_in(field.annotation):
            tag = next((key for key in ("source", "algorithm") if key in inner.model_fields), None)
            suffix = f" with `{tag}: {get_args(inner.model_fields[tag].annotation)[0]}`" if tag is not None else ""
            yield from _sections(inner, f"`{name}`{suffix}", seen)


def _row(name: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else f"`{_plain(field.default)}`"
    cells = [f"`{name}`", _kind(field.annotation), default, field.description or ""]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _plain(value: Any) -> str:  # noqa: ANN401 (any default)
    shown = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(shown, ensure_ascii=False)


def _kind(annotation: Any) -> str:  # noqa: ANN401 (any annotation)
    """Return a type in words that a reader of YAML knows."""
    plain = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "null"}
    if annotation in plain:
        return plain[annotation]
    if annotation is Any:
        return "anything"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    arguments = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _kind(arguments[0])
    origin = getattr(annotation, "__origin__", None)
    if origin is list:
        return f"list of {_kind(arguments[0])}"
    if origin is dict:
        return f"names to {_kind(arguments[1])}"
    if arguments and all(isinstance(argument, str | int) for argument in arguments):
        return ", ".join(f"`{argument}`" for argument in arguments)
    return " or ".join(dict.fromkeys(_kind(argument) for argument in arguments))


if __name__ == "__main__":
    write_text(SCHEMA_PATH, json_schema())
    write_text(REFERENCE_PATH, reference())
    write_text(STAGES_PATH, stages_page())
