"""The fingerprint of the code behind a result.

A stage is stale when the code that made it has changed. What counts as that code is its script and
every module of the project that the script reaches by import, however deep, compared as parsed
syntax: comments, docstrings and layout do not count. Third-party packages count by their version.

Nothing is imported to find this out, and what was read is kept by the digest of its text, so a workflow can afford it
whenever it is parsed.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from itertools import accumulate
from pathlib import Path
from typing import Any

from lucidag.ground.errors import InputError
from lucidag.ground.kept import keep, read_kept


def strip_docstrings(tree: ast.AST) -> None:
    """Remove every statement of `tree` that is nothing but a string, in place."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_bare_string(part)]  # type: ignore[attr-defined]


def _is_bare_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def imported_names(tree: ast.AST, module: str, is_package: bool) -> Iterator[str]:
    """Yield the dotted names that `tree` may import, in functions too, but not for the type checker alone.

    ``from a import b`` yields both ``a`` and ``a.b``, as `b` may be a module or a name inside one.

    Parameters
    ----------
    tree
        The parsed module.
    module
        Its own dotted name, against which relative imports are read.
    is_package
        Whether it is an ``__init__.py``.
    """
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")
                parents = parents[: len(parents) - node.level + is_package]
                base = ".".join([*parents, *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk over `tree` without what stands under ``if TYPE_CHECKING:``, which never runs."""
    yield tree
    guarded = isinstance(tree, ast.If) and ast.unparse(tree.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
    skipped = tree.body if guarded else []  # type: ignore[attr-defined]
    for child in ast.iter_child_nodes(tree):
        if not any(child is part for part in skipped):
            yield from _running(child)


def installed_versions(kept: Path | None = None) -> Callable[[str], str | None]:
    """Return a function from the name of an importable top-level package to its installed version.

    Which distribution brings which package is kept in the file `kept`: to find out, the files of all are read.
    """
    folders = [Path(folder) for folder in sys.path if Path(folder).is_dir()]
    installed = sorted(path.name for folder in folders for path in folder.glob("*.*-info"))
    key = hashlib.sha256(json.dumps([sys.version, installed]).encode()).hexdigest()

    @cache
    def distributions() -> dict[str, list[str]]:
        known = read_kept(kept)
        if key not in known:
            known = {key: {package: sorted(set(names)) for package, names in packages_distributions().items()}}
            keep(kept, known)
        return known[key]

    @cache
    def lookup(package: str) -> str | None:
        try:
            names = distributions().get(package, [])
            return ", ".join(f"{name} {version(name)}" for name in names) or None
        except PackageNotFoundError:
            return None

    return lookup


@dataclass(frozen=True)
class _Source:
    digest: str
    imports: Sequence[str]


@dataclass
class CodeIndex:
    """The code of a project, read once and asked for the fingerprint of many scripts.

    Attributes
    ----------
    roots
        Folders from which modules of the project are imported: its own, and the user's.
    version_of
        From a third-party top-level package to a word that changes with its version.
    kept
        File that keeps what was read of each text, for the next time. None keeps nothing.
    """

    roots: Sequence[Path]
    version_of: Callable[[str], str | None] = field(default_factory=installed_versions)
    kept: Path | None = None
    _known: dict[str, Sequence[Any]] = field(default_factory=dict)
    _sources: dict[Path, _Source] = field(default_factory=dict)
    _files: dict[str, Path | None] = field(default_factory=dict)
    _tops: dict[str, list[Path]] = field(default_factory=dict)
    _fingerprints: dict[tuple[str, tuple[str, ...]], dict[str, str]] = field(default_factory=dict)

    @cached_property
    def _before(self) -> dict[str, Any]:
        return read_kept(self.kept)

    def fingerprint(self, script: str | Path, modules: Sequence[str] = ()) -> dict[str, str]:
        """Return what identifies the code that `script` runs.

        Parameters
        ----------
        script
            The script's path, relative to the first root or absolute.
        modules
            Dotted names of modules that the script imports by a name from the configuration.

        Returns
        -------
        dict
            From each part to its digest (``script`` and modules of the project) or to its version
            (third-party packages), sorted, so that a change tells which part it was.

        Raises
        ------
        InputError
            If the script, or a file that it reaches, is missing or is not valid Python.
        """
        key = (str(script), tuple(modules))
        if key not in self._fingerprints:  # a grid has thousands of jobs of one script
            self._fingerprints[key] = self._reached(self.roots[0] / script, modules)
        return dict(self._fingerprints[key])

    def keep(self) -> None:
        """Write what was read to the file `kept`, if anything in it is new and the folder can be written to."""
        if self._known.keys() - self._before.keys():
            keep(self.kept, self._known)

    def _reached(self, path: Path, modules: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {"script": self._read(path, "__main__").digest}
        waiting = [*self._read(path, "__main__").imports, *modules]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            for part in accumulate(name.split("."), "{}.{}".format):  # the packages that it is in, and itself
                if part in seen:
                    continue
                seen.add(part)
                file = self._find(part)
                if file is not None:
                    source = self._read(file, part)
                    found[part] = source.digest
                    waiting.extend(source.imports)
        found.update(self._third_party(seen, found))
        return dict(sorted(found.items()))

    def _third_party(self, seen: set[str], found: Mapping[str, str]) -> dict[str, str]:
        tops = {name.split(".")[0] for name in seen if name}
        own = {name.split(".")[0] for name in found}
        versions = {top: self.version_of(top) for top in tops - own - set(sys.stdlib_module_names)}
        return {top: text for top, text in versions.items() if text is not None}

    def _find(self, module: str) -> Path | None:
        if module not in self._files:
            top = module.partition(".")[0]
            if top not in self._tops:  # most names are of other packages: nothing of these has to be looked for
                self._tops[top] = [root for root in self._folders if self._holds(root, top)]
            stems = [root.joinpath(*module.split(".")) for root in self._tops[top]]
            candidates = (file for stem in stems for file in (stem.with_suffix(".py"), stem / "__init__.py"))
            self._files[module] = next((file for file in candidates if file.is_file()), None)
        return self._files[module]

    @cached_property
    def _folders(self) -> Sequence[Path]:
        return tuple(dict.fromkeys(self.roots))

    @staticmethod
    def _holds(root: Path, top: str) -> bool:
        return bool(top) and ((root / top).is_dir() or (root / f"{top}.py").is_file())

    def _read(self, path: Path, module: str) -> _Source:
        if path not in self._sources:
            try:
                text = path.read_bytes()
            except FileNotFoundError as error:
                raise InputError(f"{path} does not exist") from error
            is_package = path.name == "__init__.py"
            key = hashlib.sha256(json.dumps([sys.version, module, is_package]).encode() + text).hexdigest()
            known = self._before.get(key)
            self._sources[path] = _Source(*known) if known else _parsed(text, path, module, is_package)
            self._known[key] = (self._sources[path].digest, self._sources[path].imports)
        return self._sources[path]


def _parsed(text: bytes, path: Path, module: str, is_package: bool) -> _Source:
    try:
        tree = ast.parse(text, filename=str(path))
    except SyntaxError as error:
        raise InputError(f"{path}, line {error.lineno}: not valid Python: {error.msg}") from error
    names = list(dict.fromkeys(imported_names(tree, module, is_package)))
    strip_docstrings(tree)
    return _Source(hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:12], names)
