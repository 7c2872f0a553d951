"""Which sections a notebook has, and which files it names."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from lucidag.report.cells import Code, Text, code
from lucidag.report.contents import ATLAS, builders, files_shown, sections
from tests.report.results import CONTENTS, FIGURES, TABLES, numbers

TITLES = {
    "data": "Data sets",
    "models": "Models",
    "experiments": "What made the difference",
    "rof": "Retrieval of function",
    "generalisation": "Generalisation",
    "explain": "Explanations",
    "localisation": "Localisation",
    "relevance": "Relevance",
    "faithfulness": "Faithfulness",
    "dissect": "What units detect",
    "units": "What is lost without units",
    "planted": "Units with known truth",
    "artefacts": "Artefacts",
    "discovery": "Discovery",
    "shortcuts": "Shortcuts",
    "repair": "Repair",
}


def test_every_analysis_has_a_title() -> None:
    assert list(builders()) == list(TITLES) == list(CONTENTS)


@pytest.mark.parametrize("left_out", [(), *itertools.combinations(TITLES, 1), ("rof", "explain", "shortcuts")])
def test_a_section_is_there_if_and_only_if_it_is_asked_for(left_out: tuple[str, ...]) -> None:
    contents = {name: arguments for name, arguments in CONTENTS.items() if name not in left_out}
    first, *others = sections(contents)
    assert [section.title for section in others] == [TITLES[name] for name in TITLES if name not in left_out]
    links = next(cell.source for cell in first.cells if cell.source.startswith("- ["))
    assert links.count("\n") == len(others) - 1
    folders = {Path(file).parts[1 if file.startswith("figures/") else 0] for file in files_shown(contents)}
    for name in left_out:
        own = {"explain": {"agreement", "explanations"}, "dissect": {"dissect", "clip"}}.get(name, {name})
        assert not folders & own


def test_the_atlas_is_named_first_where_there_is_one() -> None:
    first, *others = sections(CONTENTS | {ATLAS: {}})
    assert "(atlas/index.html)" in first.cells[0].source
    assert [section.title for section in others] == list(TITLES.values())
    assert not any("atlas/index.html" in cell.source for cell in sections(CONTENTS)[0].cells)


def test_all_that_can_be_shown_is_named() -> None:
    made_up = {*TABLES, *numbers(), *(f"figures/{name}.png" for name in FIGURES)}
    shown = files_shown(CONTENTS)
    assert set(shown) == made_up
    assert len(shown) == len(made_up)


def test_the_artefacts_of_a_data_set_show_what_no_finder_knows() -> None:
    contents = {"artefacts": CONTENTS["artefacts"] | {"proposed": {"cats": ["net"]}}}
    assert "figures/discovery/net.png" in files_shown(contents)
    assert "figures/discovery/net.png" not in files_shown({"artefacts": CONTENTS["artefacts"]})


@pytest.mark.parametrize(
    ("changed", "files"),
    [
        ({"rof": {"points": False}}, {"rof/net/points.csv"}),
        ({"explain": {"families": {"net": ["lrp"]}}}, {"figures/explanations/net/cam.png"}),
        ({"explain": {"tuned": []}}, {"explanations/net/lime/tuning.csv"}),
        ({"explain": {"checked": []}}, {"explanations/net/checks.csv"}),
        ({"models": {"trained": []}}, {"models/net/history.csv", "figures/models/net/history.png"}),
        ({"relevance": {"models": {"net": []}}}, {"figures/relevance/net/007.png"}),
        ({"dissect": {"clips": []}}, {"clip/small/zero_shot.json"}),
    ],
)
def test_what_is_not_asked_for_is_not_read(changed: dict[str, dict], files: set[str]) -> None:
    less = {name: arguments | changed.get(name, {}) for name, arguments in CONTENTS.items()}
    assert set(files_shown(CONTENTS)) - set(files_shown(less)) == files


def test_every_section_begins_with_words_and_its_code_is_short() -> None:
    for section in sections(CONTENTS)[1:]:
        assert isinstance(section.cells[0], Text)
        assert len(section.cells[0].source) > 150
        for cell in section.cells:
            if isinstance(cell, Code):
                assert len(cell.source.splitlines()) <= 15
                assert max(map(len, cell.source.splitlines())) <= 130


def test_names_of_any_kind_stay_texts() -> None:
    images = ['a"b', "c\\d", "é"]
    (file_a, file_c, file_e) = files_shown({"relevance": {"models": {"net": images}}})
    assert [Path(file).stem for file in (file_a, file_c, file_e)] == images


def test_files_are_found_in_code_in_their_order() -> None:
    read = code('b = read("b.csv")', 'a = [read("a.json"), "not.a.file", f"{b}.png", show("b.csv", "c.png")]')
    assert read.files() == ["b.csv", "a.json", "c.png"]


def test_naming_the_files_is_light() -> None:
    heavy = ["numpy", "pandas", "torch", "nbformat", "IPython"]
    script = f"import sys, lucidag.report.contents; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
