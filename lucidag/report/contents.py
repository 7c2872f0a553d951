"""Which sections a notebook has: one for each analysis that was asked for."""

from collections.abc import Callable, Mapping
from textwrap import wrap
from typing import Any

from lucidag.ground.columns import WORDS, WORDS_END
from lucidag.report import artefacts, decisions, effects, experiments, networks, planted, shortcuts, units
from lucidag.report.cells import Code, Section, Text, code, text

OPENING = text(
    "Every table and every image below is read from the files beside this notebook, so it shows what the last run "
    "left. Run it from top to bottom, change a cell, look at something else: nothing here is needed by anything else, "
    "and the workflow writes it anew when a result changes. The sections stand alone after the first cell of code."
)
ATLAS = "atlas"
LINK = text(
    "**Questions are answered faster in [the atlas](atlas/index.html)**: what each unit does, why each image was "
    "decided as it was, and what is not to be trusted. This page goes through the same results in order."
)
SETUP = code(
    "import json",
    "from pathlib import Path",
    "",
    "import pandas as pd",
    "from IPython.display import Image, display",
    "",
    'pd.options.display.float_format = "{:.3g}".format',
    "pd.options.display.max_columns = None",
    "pd.options.display.max_colwidth = 60",
    "",
    "",
    "def read_json(path):",
    '    return json.loads(Path(path).read_text(encoding="utf-8"))',
    "",
    "",
    "# In these columns, and in those that end in _concept, 007 and NA are words; in others an empty cell is missing.",
    "words = (",
    *(f'    "{line} "' for line in wrap(" ".join(WORDS), 100)),
    ").split()",
    "",
    "",
    "def read_table(path):",
    "    columns = pd.read_csv(path, nrows=0).columns",
    f'    text = [name for name in columns if name in words or (name.endswith("{WORDS_END}") and ":" not in name)]',
    '    empty = {name: [""] for name in columns if name not in text}',
    '    return pd.read_csv(path, dtype=dict.fromkeys(text, "str"), keep_default_na=False, na_values=empty)',
)


def builders() -> dict[str, Callable[..., Section]]:
    """Return, for each analysis in the order of the notebook, the function that makes its section."""
    return {
        "data": networks.data,
        "models": networks.models,
        "experiments": experiments.experiments,
        "rof": networks.rof,
        "generalisation": networks.generalisation,
        "explain": decisions.explain,
        "localisation": decisions.localisation,
        "relevance": decisions.relevance,
        "faithfulness": decisions.faithfulness,
        "dissect": units.dissect,
        "units": effects.units,
        "planted": planted.planted,
        "artefacts": shortcuts.artefacts,
        "discovery": artefacts.discovery,
        "shortcuts": shortcuts.studies,
        "repair": artefacts.repair,
    }


def sections(contents: Mapping[str, Mapping[str, Any]]) -> list[Section]:
    """Return the sections of a notebook.

    Parameters
    ----------
    contents
        For each analysis (a key of `builders`) the arguments of its section; an analysis that is not there has no
        section. `ATLAS` among them says that there is the page that answers questions, which is then named first.

    Returns
    -------
    list of Section
        First an opening, whose last cell is the set-up that all others need.
    """
    asked = [build(**contents[name]) for name, build in builders().items() if name in contents]
    links = "\n".join(f"- [{section.title}](#{section.title.replace(' ', '-')})" for section in asked)
    first = (LINK,) if ATLAS in contents else ()
    cells: tuple[Text | Code, ...] = (*first, OPENING, Text(links), SETUP)
    return [Section("opening", "What the networks do, and why", cells), *asked]


def files_shown(contents: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the files that a notebook reads, from the folder of results; see `sections`."""
    cells = [cell for section in sections(contents) for cell in section.cells if isinstance(cell, Code)]
    return list(dict.fromkeys(file for cell in cells for file in cell.files()))
