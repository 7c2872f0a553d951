"""The fingerprint: what changes it and what does not."""

import hashlib
from importlib.metadata import version
from pathlib import Path

import pytest

from lucidag.ground import provenance
from lucidag.ground.digest import digest_of
from lucidag.ground.errors import InputError
from lucidag.ground.kept import read_kept
from lucidag.ground.provenance import CodeIndex

SCRIPT = "from own.a import f\nprint(f(1))\n"
FILES = {
    "script.py": SCRIPT,
    "own/__init__.py": "",
    "own/a.py": "import numpy as np\nfrom .b import g\ndef f(x):\n    return g(x) + 1\n",
    "own/b.py": '"""B."""\ndef g(x):\n    """Twice."""\n    # doubled\n    return 2 * x\n',
    "own/c.py": "def h(x):\n    return x\n",
    "own/sub/__init__.py": "from . import d\n",
    "own/sub/d.py": "VALUE = 1\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def fingerprint(project: Path, versions: dict[str, str] | None = None, modules: tuple[str, ...] = ()) -> dict[str, str]:
    known = {"numpy": "numpy 1"} if versions is None else versions
    return CodeIndex((project,), known.get).fingerprint("script.py", modules)


def test_reaches_imports_of_imports_and_nothing_else(project: Path) -> None:
    assert set(fingerprint(project)) == {"script", "own", "own.a", "own.b", "numpy"}


def test_an_import_for_the_type_checker_alone_does_not_count(project: Path) -> None:
    guarded = "if TYPE_CHECKING:\n    from own import c\nelse:\n    from own import sub\n"
    (project / "script.py").write_text(f"from typing import TYPE_CHECKING\n{guarded}{SCRIPT}")
    assert set(fingerprint(project)) == {"script", "own", "own.a", "own.b", "own.sub", "own.sub.d", "numpy"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("own/b.py", "def g(x):\n    return 2 * x\n"),
        ("own/b.py", '"""Other words."""\n\n\ndef g(x):\n    """Other."""\n    return (2\n        * x)  # note\n'),
        ("own/c.py", "def h(x):\n    return 5\n"),
        ("script.py", '"""Now with a docstring."""\n' + SCRIPT),
    ],
    ids=["comments gone", "layout and words", "unreached module", "docstring of the script"],
)
def test_unchanged_by(project: Path, file: str, text: str) -> None:
    before = fingerprint(project)
    (project / file).write_text(text)
    assert fingerprint(project) == before


@pytest.mark.parametrize(
    ("file", "text", "changed"),
    [
        ("own/b.py", "def g(x):\n    return 3 * x\n", {"own.b"}),
        ("own/b.py", "def g(y):\n    return 2 * y\n", {"own.b"}),
        ("script.py", SCRIPT + "print(2)\n", {"script"}),
        ("own/__init__.py", "X = 1\n", {"own"}),
        ("own/b.py", FILES["own/b.py"] + "S = 'a string that is a value'\n", {"own.b"}),
    ],
    ids=["constant deep down", "renamed variable", "script", "package", "string value"],
)
def test_changed_by(project: Path, file: str, text: str, changed: set[str]) -> None:
    before = fingerprint(project)
    (project / file).write_text(text)
    after = fingerprint(project)
    assert {part for part in before if before[part] != after[part]} == changed


def test_a_new_import_is_followed_even_inside_a_function(project: Path) -> None:
    (project / "own/a.py").write_text(FILES["own/a.py"] + "def late():\n    from own import c\n    return c\n")
    assert set(fingerprint(project)) - {"script"} == {"own", "own.a", "own.b", "own.c", "numpy"}


def test_relative_imports_of_packages(project: Path) -> None:
    (project / "script.py").write_text("import own.sub\n")
    assert {"own.sub", "own.sub.d"} <= set(fingerprint(project))


def test_version_of_a_dependency_counts(project: Path) -> None:
    before, after = fingerprint(project), fingerprint(project, {"numpy": "numpy 2"})
    assert {part for part in before if before[part] != after[part]} == {"numpy"}


def test_the_users_factory_counts_for_the_models_that_use_it(project: Path) -> None:
    code = CodeIndex((project,), {}.get)
    for _ in range(2):
        found = [set(code.fingerprint("script.py", modules)) for modules in ((), ("own.c",), ("own.sub.d",))]
        assert found[1] - found[0] == {"own.c"}
        assert found[2] - found[0] == {"own.sub", "own.sub.d"}


def test_all_packages_behind_a_name_count(monkeypatch: pytest.MonkeyPatch) -> None:
    behind = {"cv2": ["numpy", "scipy", "numpy"], "gone": ["no-such-package"]}
    monkeypatch.setattr(provenance, "packages_distributions", lambda: behind)
    version_of = provenance.installed_versions()
    assert version_of("cv2") == f"numpy {version('numpy')}, scipy {version('scipy')}"
    assert version_of("gone") is version_of("nothing") is None


def test_standard_library_does_not_count(project: Path) -> None:
    (project / "script.py").write_text("import json, os.path\n")
    assert set(fingerprint(project, {"json": "never", "os": "never"})) == {"script"}


def test_broken_code_is_named(project: Path) -> None:
    (project / "own/b.py").write_text("def g(:\n")
    with pytest.raises(InputError, match=r"own/b\.py, line 1: not valid Python"):
        fingerprint(project)


def test_missing_script_is_named(project: Path) -> None:
    (project / "script.py").unlink()
    with pytest.raises(InputError, match=r"script\.py does not exist"):
        fingerprint(project)


def test_every_script_of_the_project_has_a_fingerprint_without_imports_of_tests(root: Path) -> None:
    code = CodeIndex((root,))
    scripts = sorted((root / "workflow" / "scripts").glob("*.py"))
    assert scripts
    for script in scripts:
        parts = code.fingerprint(script.relative_to(root))
        assert "lucidag" in parts
        assert not any(part.split(".")[0] in {"tests", "benchmarks"} for part in parts)


def test_digest_of_settings_code_and_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"a")
    two.write_bytes(b"b")
    base = digest_of({"lr": 1, "wd": 2}, {"x": "1"}, [one])
    assert digest_of({"wd": 2, "lr": 1}, {"x": "1"}, [one]) == base
    assert len(base) == hashlib.sha256().digest_size * 2
    others = [
        digest_of({"lr": 2, "wd": 1}, {"x": "1"}, [one]),
        digest_of({"lr": 1, "wd": 2}, {"x": "2"}, [one]),
        digest_of({"lr": 1, "wd": 2}, {"x": "1"}, [two]),
        digest_of({"lr": 1, "wd": 2}, {"x": "1"}, [one, two]),
    ]
    assert len({base, *others}) == 5


def test_thousands_of_jobs_of_one_script_cost_one_look(project: Path) -> None:
    asked: list[str] = []

    def version_of(package: str) -> str:
        asked.append(package)
        return "1"

    code = CodeIndex((project,), version_of)
    first = code.fingerprint("script.py")
    looked = len(asked)
    first["script"] = "spoilt by the caller"
    again = code.fingerprint("script.py", ())
    assert looked == len(asked) > 0
    assert again == CodeIndex((project,), version_of).fingerprint("script.py")


def test_what_was_kept_gives_the_same_fingerprint_and_hides_no_edit(project: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept" / "code.json"

    def index() -> CodeIndex:
        return CodeIndex((project,), {"numpy": "numpy 1"}.get, kept)

    first = index()
    expected = first.fingerprint("script.py")
    first.keep()
    assert expected == fingerprint(project)
    again = index()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provenance.ast, "parse", lambda *_, **__: pytest.fail("parsed although it was kept"))
        assert again.fingerprint("script.py") == expected
    (project / "own/b.py").write_text("def g(x):\n    return 3 * x\n")
    assert index().fingerprint("script.py") == fingerprint(project) != expected


@pytest.mark.parametrize("text", ["", "{", "[1]", "5", "null"])
def test_a_file_that_keeps_nothing_readable_is_passed_over(project: Path, tmp_path: Path, text: str) -> None:
    kept = tmp_path / "code.json"
    kept.write_text(text)
    code = CodeIndex((project,), {"numpy": "numpy 1"}.get, kept)
    assert code.fingerprint("script.py") == fingerprint(project)
    code.keep()
    assert len(read_kept(kept)) == 4


def test_one_text_as_two_modules_is_kept_apart(project: Path, tmp_path: Path) -> None:
    """A relative import names another module in each of them."""
    for package in ("own", "own/sub"):
        (project / package / "e.py").write_text("from .d import VALUE\n")
    (project / "own/d.py").write_text("VALUE = 2\n")
    code = CodeIndex((project,), {}.get, tmp_path / "code.json")
    assert "own.d" in code.fingerprint("script.py", ["own.e"])
    assert "own.d" not in code.fingerprint("script.py", ["own.sub.e"])
    assert "own.sub.d" in code.fingerprint("script.py", ["own.sub.e"])


def test_packages_that_were_kept_are_those_installed(tmp_path: Path) -> None:
    plain, kept = provenance.installed_versions(), tmp_path / "packages.json"
    first = provenance.installed_versions(kept)
    names = ["numpy", "PIL", "yaml", "cv2", "sklearn", "nonsense"]
    expected = [plain(name) for name in names]
    assert [first(name) for name in names] == expected
    assert kept.is_file()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provenance, "packages_distributions", lambda: pytest.fail("read although it was kept"))
        again = provenance.installed_versions(kept)
        assert [again(name) for name in names] == expected


def test_where_nothing_can_be_kept_the_fingerprint_is_the_same(project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    versions = provenance.installed_versions(tmp_path / "file" / "packages.json")
    assert versions("numpy") == f"numpy {version('numpy')}"
    code = CodeIndex((project,), {"numpy": "numpy 1"}.get, tmp_path / "file" / "code.json")
    assert code.fingerprint("script.py") == fingerprint(project)
    code.keep()
    assert (tmp_path / "file").read_text() == "no folder"
