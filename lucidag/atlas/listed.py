"""The findings of a page as plain HTML: what the report of Snakemake opens with."""

import re
from collections.abc import Iterable, Mapping
from html import escape
from itertools import groupby
from typing import Any

from lucidag.atlas.encode import unpacked

CORE = re.compile(r'data-section="core">([A-Za-z0-9+/=]*)<')
TITLES = {"result": "What was found", "doubt": "What not to trust"}


def findings_of(html: str) -> str:
    """Return the findings of a page (see `lucidag.atlas.build.page`), the same sentences in the same order.

    Raises
    ------
    ValueError
        If it is none.
    """
    found = CORE.search(html)
    if found is None:
        raise ValueError("this is no page of results")
    return listed(unpacked(found[1]))


def listed(core: Mapping[str, Any]) -> str:
    """Return a piece of HTML in which every name is text.

    Parameters
    ----------
    core
        The section that the page opens with: ``findings`` and ``failed`` of it are used.
    """
    lines = ['<meta charset="utf-8">']
    if core["failed"] is not None:
        lines.append("<p><strong>Not complete: the run ended early, or jobs failed.</strong></p>")
        lines += _list(f"{job}: {sentence}" for job, sentence, _ in core["failed"])
    for level, title in TITLES.items():
        lines.append(f"<h2>{title}</h2>")
        own = [each for each in core["findings"] if each["level"] == level]
        for analysis, found in groupby(own, key=lambda each: str(each["analysis"])):
            lines += [f"<h3>{escape(analysis)}</h3>", *_list(each["sentence"] for each in found)]
    return "\n".join(lines) + "\n"


def _list(sentences: Iterable[str]) -> list[str]:
    items = [f"<li>{escape(each)}</li>" for each in sentences]
    return ["<ul>", *items, "</ul>"] if items else []
