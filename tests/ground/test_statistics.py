"""Where statistics live: on the ground floor, and no analysis takes them from another one."""

import ast
from pathlib import Path

import pytest

from lucidag.ground.provenance import CodeIndex

ANALYSES = ("artefacts", "explain", "rof", "units")
LIBRARY = "scipy.stats"
WITHOUT_SCIPY = (
    *("rank", "sweep", "turning_points"),
    *(f"figures_{name}" for name in ("rof", "generalisation", "localisation")),
)


def imports(file: Path) -> set[tuple[str, str]]:
    """Return what a file imports: modules, and the names that it takes from them."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    named = {
        (node.module or "", each.name) for node in nodes if isinstance(node, ast.ImportFrom) for each in node.names
    }
    return named | {(each.name, "") for node in nodes if isinstance(node, ast.Import) for each in node.names}


def uses_the_library(file: Path) -> bool:
    return any(f"{module}.{name}".startswith(LIBRARY) for module, name in imports(file))


def test_no_analysis_imports_the_statistics_of_another(root: Path) -> None:
    ours = {
        f"lucidag.{'.'.join(file.relative_to(root / 'lucidag').with_suffix('').parts)}": file
        for analysis in ANALYSES
        for file in (root / "lucidag" / analysis).rglob("*.py")
    }
    crossing = {
        (module, target)
        for module, file in ours.items()
        for other, name in imports(file)
        for target in (other, f"{other}.{name}")
        if target in ours and target.split(".")[1] != module.split(".")[1]
    }
    assert crossing  # the analyses do know each other: roles, masks and explainers
    assert {target for _, target in crossing if uses_the_library(ours[target])} == set()


def test_what_the_ground_floor_has_is_defined_nowhere_else(root: Path) -> None:
    shared = root / "lucidag" / "ground" / "statistics"
    names = {name for file in shared.glob("*.py") for name in defined(file) if not name.startswith("_")}
    assert {"estimate", "share", "holm", "two_sided", "sign_flip", "tie_seed", "spearman"} <= names
    others = [file for analysis in ANALYSES for file in (root / "lucidag" / analysis).rglob("*.py")]
    assert {(file.name, name) for file in others for name in defined(file) & names} == set()


def defined(file: Path) -> set[str]:
    """Return the functions and classes at the top of a file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize("script", WITHOUT_SCIPY)
def test_jobs_that_draw_or_need_percentiles_alone_do_not_go_by_scipy(root: Path, script: str) -> None:
    code = CodeIndex([root], version_of=str).fingerprint(f"workflow/scripts/{script}.py")
    assert "numpy" in code
    assert "scipy" not in code
