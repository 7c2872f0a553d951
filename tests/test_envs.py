"""The conda environments, the pins and the declared dependencies say the same."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from lucidag.ground.provenance import CodeIndex

ENVIRONMENTS = ("tables", "torch")
# What `marker` is asked about: the platforms and Pythons that the project speaks of.
PLATFORMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+?))? ?\\?$")


def locked(text: str) -> list[tuple[str, str, str | None, list[str]]]:
    """Read the pins of a lock file: name, version, marker, hashes."""
    found: list[tuple[str, str, str | None, list[str]]] = []
    for line in text.splitlines():
        if pin := PIN.match(line):
            found.append((canonicalize_name(pin["name"]), pin["version"], pin["marker"], []))
        elif hashed := re.fullmatch(r"    --hash=sha256:([0-9a-f]{64})(?: \\)?", line):
            found[-1][3].append(hashed[1])
        else:
            pytest.fail(f"not a pin and not a hash: {line}")
    return found


def environment(root: Path, name: str) -> tuple[str, dict[str, str]]:
    """Read a conda environment: its Python, and the version of each package that pip installs."""
    words = yaml.safe_load((root / "envs" / f"{name}.yaml").read_text())
    (python,) = (part.removeprefix("python=") for part in words["dependencies"] if str(part).startswith("python="))
    (packages,) = (part["pip"] for part in words["dependencies"] if isinstance(part, dict))
    pins = dict(package.split("==") for package in packages)
    assert len(pins) == len(packages)
    return python, pins


def imported_packages(root: Path, files: list[Path]) -> set[str]:
    """Give the third-party packages that files import, wherever in them, by their names in a registry."""
    tops = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                tops |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                tops.add(str(node.module).split(".")[0])
    return distributions(tops - set(sys.stdlib_module_names) - {"lucidag"})


def distributions(tops: set[str]) -> set[str]:
    known = packages_distributions()
    return {canonicalize_name(known[top][0]) for top in tops}


def scripts_of(root: Path, name: str) -> list[str]:
    """Give the scripts of the rules that run in an environment."""
    text = "\n".join(file.read_text() for file in sorted((root / "rules").glob("*.smk")))
    rules = re.split(r"^ *rule(?: \w+)?:$", text, flags=re.MULTILINE)[1:]
    return re.findall(r"/scripts/(\w+)\.py", "".join(rule for rule in rules if f'"../envs/{name}.yaml"' in rule))


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_has_the_pins_of_the_lock_file(root: Path, name: str, platform: str) -> None:
    python, pins = environment(root, name)
    where = PLATFORMS[platform] | {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    wanted = {
        package: version
        for package, version, marker, _ in locked((root / "requirements.lock").read_text())
        if marker is None or Marker(marker).evaluate(where)
    }
    assert pins == {package: wanted.get(canonicalize_name(package)) for package in pins}


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-setup.lock"])
def test_every_pin_has_hashes_and_nothing_says_where_from(root: Path, file: str) -> None:
    pins = locked((root / file).read_text())  # fails at any line that is no pin and no hash
    assert pins
    assert [package for package, _, _, hashes in pins if not hashes] == []
    assert len({(package, marker) for package, _, marker, _ in pins}) == len(pins)


def declared_packages(root: Path, *extras: str) -> set[str]:
    """Give what a bare installation brings, and what these extras add to it."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    words = project["dependencies"] + [word for extra in extras for word in project["optional-dependencies"][extra]]
    return {canonicalize_name(re.split(r"[<>=!~;\[ ]", word)[0]) for word in words}


# Where the library needs more than a bare installation brings: the extra, and the places.
EXTRAS = {
    "clip": ("units/clip/", "units/labels/concepts.py"),
    "report": ("report/", "atlas/build.py"),
    "workflow": ("explain/lime/tune.py", "config/doubled.py", "config/command_line.py", "claims/read.py"),
    "engine": ("models/engine.py",),
}


@pytest.mark.parametrize("extra", [None, *EXTRAS])
def test_a_bare_installation_has_what_the_library_imports_and_extras_the_rest(root: Path, extra: str | None) -> None:
    library = root / "lucidag"
    special = {
        name: [file for file in library.rglob("*.py") if file.relative_to(library).as_posix().startswith(places)]
        for name, places in EXTRAS.items()
    }
    plain = set(library.rglob("*.py")) - {file for files in special.values() for file in files}
    files = sorted(plain) if extra is None else special[extra]
    extras = {None: [], "report": ["report", "archive", "tracking"]}.get(extra, [str(extra)])  # of its folder
    assert imported_packages(root, files) - declared_packages(root, *extras) == set()


def test_every_import_is_declared(root: Path) -> None:
    declared = declared_packages(root, "workflow", "clip", "report", "engine", "archive", "tracking")
    files = sorted((root / "lucidag").rglob("*.py")) + sorted((root / "workflow" / "scripts").glob("*.py"))
    used = imported_packages(root, files)
    assert used - declared == set()
    # snakemake is what runs the project, ipykernel what runs the notebook, and databricks-sdk is held back for
    # mlflow-skinny; no file needs to import them.
    assert declared - used - {"snakemake", "ipykernel", "databricks-sdk"} == set()


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_holds_what_its_scripts_reach(root: Path, name: str) -> None:
    scripts = scripts_of(root, name)
    assert scripts
    code = CodeIndex((root,))
    reached = {part for script in scripts for part in code.fingerprint(f"workflow/scripts/{script}.py")}
    third_party = {part for part in reached if "." not in part} - {"script", "lucidag", "snakemake"}
    _, pins = environment(root, name)
    assert distributions(third_party) - {canonicalize_name(package) for package in pins} == set()


def test_every_lock_file_covers_what_is_declared(root: Path) -> None:
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    declared = declared_packages(root, *extras)
    assert declared - {package for package, _, _, _ in locked((root / "requirements.lock").read_text())} == set()


def test_set_up_takes_the_lock_as_it_is(root: Path, tmp_path: Path) -> None:
    """What `make setup` types accepts the lock in an empty folder: no setting of uv adds a package without a hash."""
    (line,) = [text.strip() for text in (root / "Makefile").read_text().splitlines() if "uv pip install" in text]
    words = line.replace("--quiet ", "").replace("$(VENV)", str(Path(sys.prefix))).split()
    dry = [*words, "--dry-run", "--offline", "--target", str(tmp_path)]
    done = subprocess.run(dry, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    # Without a network and a kept package it may end there; of what the lock says it complains before.
    assert "`--require-hashes`" not in done.stderr
    assert done.returncode == 0 or "network was disabled" in done.stderr, done.stderr
