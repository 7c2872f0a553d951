"""Keys that stand twice in one map of a configuration file: YAML readers keep the last and say nothing."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from lucidag.ground.errors import InputError


def check_doubled(file: str | Path) -> None:
    """Stop at keys that a YAML or JSON file gives twice in one map, however deep.

    A key that a merge (``<<: *base``) brings in may be given again, as that is what merges are for.

    Raises
    ------
    InputError
        A line for each: the file, the key with its path, both lines. A file that is no YAML raises nothing: whoever
        reads it does.
    """
    try:
        with Path(file).open(encoding="utf-8") as handle:
            loader = yaml.SafeLoader(handle)
            try:
                root = loader.get_single_node()
                twice = list(_twice(root, (), loader, set())) if root is not None else []
            finally:
                loader.dispose()
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    if twice:
        lines = [
            f"{file}: {'.'.join(path)}: given twice, in lines {first} and {again}; keep one"
            for path, first, again in twice
        ]
        raise InputError(*lines)


def _twice(
    node: yaml.Node, path: tuple[str, ...], loader: yaml.SafeLoader, seen: set[int]
) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Yield the path of each key that is there again, and both lines; aliases are looked into once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for place, each in enumerate(node.value):
            yield from _twice(each, (*path, str(place)), loader, seen)
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[object, int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        # `yes` and `true` are one key, and so are `1` and `0x1`, but not `1` and `"1"`.
        name = "<<" if key.tag == "tag:yaml.org,2002:merge" else loader.construct_object(key)
        here, line = (*path, str(key.value)), key.start_mark.line + 1
        if name in lines:
            yield here, lines[name], line
        lines[name] = line
        yield from _twice(value, here, loader, seen)
