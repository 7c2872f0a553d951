"""What of an atlas can be shown when some of its files were not made."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lucidag.atlas.contents import Contents
from lucidag.atlas.results import Results


def standing(contents: Contents, results: Results) -> Contents:
    """Return the contents without what has no files among these results."""
    layers = {
        model: [name for name in own if results.has(f"units/{model}/{name}.csv", f"units/{model}/{name}.json")]
        for model, own in contents.dossiers.items()
    }
    maps = {model: [file for file in files if results.has(file)] for model, files in contents.explained.items()}
    return replace(
        contents,
        datasets=[name for name in contents.datasets if results.has(f"data/{name}/dataset.json")],
        examined=[name for name in contents.examined if results.has(*_swept(name))],
        dossiers=_some(layers),
        explained=_some(maps),
        studies=[name for name in contents.studies if results.has(f"shortcuts/{name}/summary.json")],
        generalisation=[name for name in contents.generalisation if results.has(f"generalisation/{name}/roles.csv")],
    )


def _swept(model: str) -> tuple[str, str]:
    return f"rof/{model}/sweep.csv", f"rof/{model}/turning_points.json"


def _some(found: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: each for name, each in found.items() if each}
