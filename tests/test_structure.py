"""The house: which rooms there are, and that imports between them go one way."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 8  # rooms on a chain of imports, the scripts included


def modules(folder: str) -> dict[str, Path]:
    files = sorted((ROOT / folder).rglob("*.py"))
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imported(file: Path, known: frozenset[str]) -> set[str]:
    """Return the modules of lucidag that a file names, the most exact name of each."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "lucidag":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] == "lucidag"]
        for name in names:
            found.add(name if name in known else name.rpartition(".")[0])
    return found


@pytest.fixture(scope="module")
def rooms() -> dict[str, set[str]]:
    """Return, by package directly in lucidag (the scripts are one room), the packages that it imports."""
    ours = modules("lucidag")
    known = frozenset(ours)
    graph: dict[str, set[str]] = {}
    for name, file in ours.items():
        if name != "lucidag":
            graph.setdefault(name.split(".")[1], set()).update(
                other.split(".")[1] for other in imported(file, known) if "." in other
            )
    scripts = {other.split(".")[1] for file in modules("workflow").values() for other in imported(file, known)}
    graph["workflow"] = scripts
    return {room: others - {room} for room, others in graph.items()}


def test_the_longest_chain_of_imports_between_rooms(rooms):
    @cache
    def longest(room: str) -> tuple[str, ...]:
        return (room, *max((longest(other) for other in sorted(rooms[room])), key=len, default=()))

    chain = longest("workflow")
    assert len(chain) <= LONGEST, " -> ".join(chain)


def assert_one_way(graph: dict[str, set[str]]) -> None:
    """Fail with the chain, where one leads back to where it began."""
    done: set[str] = set()

    def walk(room: str, above: tuple[str, ...]) -> None:
        assert room not in above, " -> ".join((*above, room))
        if room not in done:
            for other in sorted(graph.get(room, ())):
                walk(other, (*above, room))
            done.add(room)

    for room in graph:
        walk(room, ())


def test_no_room_imports_one_that_imports_it(rooms):
    assert_one_way(rooms)


def inside(files: dict[str, Path]) -> dict[str, dict[str, set[str]]]:
    """Return, by package, what its files and sub-packages import from each other, each sub-package taken as one."""
    known = frozenset(files)
    found: dict[str, dict[str, set[str]]] = {}
    for name, file in files.items():
        for other in imported(file, known):
            here, there = name.split("."), other.split(".")
            common = next((i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), None)
            if common is not None:  # else one is the package of the other
                package, one, two = (
                    ".".join(parts) for parts in (here[:common], here[: common + 1], there[: common + 1])
                )
                found.setdefault(package, {}).setdefault(one, set()).add(two)
    return found


def test_no_file_or_sub_package_imports_one_that_imports_it():
    ours = inside(modules("lucidag"))
    assert {"lucidag", "lucidag.data", "lucidag.explain", "lucidag.units"} <= set(ours)
    for graph in ours.values():
        assert_one_way(graph)


def test_a_circle_is_found_though_no_two_files_import_each_other(tmp_path):
    files = {}
    for name, line in {
        "lucidag.a.one": "from lucidag.b.one import x",
        "lucidag.b.one": "",
        "lucidag.b.two": "if True:\n    from lucidag.a import two",
        "lucidag.a.two": "",
    }.items():
        files[name] = tmp_path / f"{name}.py"
        files[name].write_text(line)
    with pytest.raises(AssertionError, match=r"lucidag\.a -> lucidag\.b -> lucidag\.a"):
        assert_one_way(inside(files)["lucidag"])


def test_the_top_folder_reads_like_a_table_of_contents(rooms):
    """Nothing but rooms stands there, and each says in a sentence what it is for."""
    top = ROOT / "lucidag"
    assert [file.name for file in top.glob("*.py")] == ["__init__.py"]
    for room in sorted(set(rooms) - {"workflow"}):
        said = ast.get_docstring(ast.parse((top / room / "__init__.py").read_text(encoding="utf-8")))
        assert said, room
        assert len(said) > 20, room


def test_the_ground_floor_stands_on_nothing(rooms):
    assert rooms["ground"] == set()
