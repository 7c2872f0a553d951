"""All findings of all analyses."""

import importlib
import pkgutil
from collections.abc import Iterator

import lucidag.atlas.findings as rules
from lucidag.atlas.contents import Contents
from lucidag.atlas.findings.base import Finding
from lucidag.atlas.results import Results

NOT_RULES = ("base", "gather")


def findings(results: Results, contents: Contents) -> list[Finding]:
    """Return what the rules say, in the order of their names' own `ORDER`; the first of each id counts."""
    modules = [
        importlib.import_module(f"{rules.__name__}.{found.name}")
        for found in pkgutil.iter_modules(rules.__path__)
        if found.name not in NOT_RULES
    ]
    said: Iterator[Finding] = (
        finding for module in sorted(modules, key=lambda module: module.ORDER) for finding in module.find(results, contents)
    )
    unique: dict[str, Finding] = {}
    for finding in said:
        unique.setdefault(finding.id, finding)
    return list(unique.values())
