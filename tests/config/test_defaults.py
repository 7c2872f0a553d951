"""No default stands twice: what a section of the configuration sets, no function of its package sets again."""

import ast
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lucidag.config.schema import Config, all_sections

MODULES = sorted({section.__module__ for section in all_sections(Config)} - {"lucidag.config.schema"})
# Their defaults still stand twice.
TWICE: tuple[str, ...] = ()

# Options of networks that lucidag ships, and the seed of weights that a checkpoint then replaces.
ALLOWED = {
    "attention.attention_small_resnet(channels)",
    # Threads of a job; only the training of a CLIP has a setting for them.
    "activations.collect_part(threads)",
    "encoder.embed_images(threads)",
    "encoder.embed_texts(threads)",
    "netdissect.count_overlaps(threads)",
    "sheet_images.unit_rows(threads)",
    "untrained.adapt(threads)",
    "untrained.untrained_twin(threads)",
    "zero_shot.zero_shot(threads)",
    "network.open_network(seed)",
    "small.small_cnn(channels)",
    "small.small_resnet(channels)",
}


def plain(value: Any) -> Any:
    """Give a value in which lists and tuples are alike."""
    return json.dumps(value.model_dump(mode="json") if isinstance(value, BaseModel) else value)


def defaults_of(module: str) -> set[tuple[str, str]]:
    """Give name and default of the fields that the sections of a module have; None is no default."""
    sections = [section for section in all_sections(Config) if section.__module__ == module]
    assert sections, module
    fields = [(name, field.default) for section in sections for name, field in section.model_fields.items()]
    return {(name, plain(default)) for name, default in fields if default not in (None, PydanticUndefined)}


def defaults_in(file: Path) -> Iterator[tuple[tuple[str, str], str]]:
    """Give name, value and place of the defaults in a file: of parameters of functions, and of fields of classes."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        found: list[tuple[str, ast.expr | None]] = []
        if isinstance(node, ast.FunctionDef):
            args = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
            found = [*zip(args[len(args) - len(node.args.defaults) :], node.args.defaults, strict=True)]
            found += zip([arg.arg for arg in node.args.kwonlyargs], node.args.kw_defaults, strict=True)
        elif isinstance(node, ast.ClassDef):
            fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
            found = [(ast.unparse(each.target), each.value) for each in fields]
        for name, value in found:
            with suppress(ValueError, TypeError):
                yield (name, plain(ast.literal_eval(value))), f"{file.stem}.{node.name}({name})"


@pytest.mark.parametrize(
    "module", [pytest.param(module, marks=[pytest.mark.xfail(strict=True)] * (module in TWICE)) for module in MODULES]
)
def test_no_default_of_a_section_stands_once_more_in_its_package(root: Path, module: str) -> None:
    own = defaults_of(module)
    _, *rooms, name = module.split(".")
    # Each source feeds the module of its own name.
    folder, pattern = ("data", f"{name}.py") if "sources" in rooms else ("/".join(rooms), "*.py")
    files = sorted((root / "lucidag" / folder).rglob(pattern))
    assert files
    again = [place for file in files for default, place in defaults_in(file) if default in own]
    assert [place for place in again if place not in ALLOWED] == []


def test_a_default_that_stands_twice_is_found(tmp_path: Path) -> None:
    file = tmp_path / "again.py"
    file.write_text("def f(a, epochs=10, *, lr=0.5, mean=(0.0,)):\n    pass\nclass C:\n    batch_size: int = 64\n")
    again = [place for default, place in defaults_in(file) if default in defaults_of("lucidag.models.settings")]
    assert again == ["again.f(epochs)", "again.f(mean)", "again.C(batch_size)"]
