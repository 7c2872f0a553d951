"""Scripts of dissection's figures, run as Snakemake runs them."""

import runpy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lucidag.ground.files import write_json
from lucidag.ground.tables import write_table
from lucidag.units.compare.roles_join import JOINED, role_tests
from lucidag.units.compare.summary import summary
from lucidag.units.labels.unit_tables import write_units
from lucidag.units.settings import Counting, Draws

METHODS = ("clip-dissect", "netdissect")
THRESHOLDS = {"clip-dissect": 2.0, "netdissect": 0.04}


def labels(methods, concept):
    """Give four units one label by each method; a layer without maps has none by Network Dissection."""
    parts = [
        pd.DataFrame({"method": method, "unit": range(4), "concept": concept, "category": "object", "score": 9.0})
        for method in methods
    ]
    return pd.concat(parts, ignore_index=True)


def run(root, rule, **task):
    found = {"rule": rule, "log": [str(task.pop("folder") / "log.txt")], "wildcards": [], **task}
    runpy.run_path(str(root / "workflow" / "scripts" / f"{rule}.py"), init_globals={"snakemake": Task(**found)})


class Output(SimpleNamespace):
    """Named lists of files, and all of them one after the other."""

    def __iter__(self):
        return (file for files in vars(self).values() for file in files)


class Task(SimpleNamespace):
    """What a script reads of its job."""


@pytest.mark.parametrize("models", [("a", "b"), ("b", "a")])
def test_the_figures_of_concepts_read_each_models_own_tables(monkeypatch, root, tmp_path, models):
    # The folder of the results is called as a model is; units of b have numbers and no maps.
    results = tmp_path / models[0] / models[1] / "results"
    tables, summaries = [], []
    for model in models:
        file = results / "dissect" / model / "l.csv"
        table = labels(METHODS if model == "a" else METHODS[:1], f"of-{model}")
        write_units(file, table)
        known = summary(
            table.assign(layer="l"), THRESHOLDS | {"clip-dissect": 2.0 if model == "a" else 1.0}, Counting(resamples=10)
        )
        write_json(file.with_name("summary.json"), {"model": model, **known})
        tables.append(str(file))
        summaries.append(str(file.with_name("summary.json")))
    drawn = []
    module = "lucidag.figures.concepts"
    monkeypatch.setattr(f"{module}.units_per_concept", lambda counted, *_, what: drawn.append((what, counted)))
    monkeypatch.setattr("lucidag.figures.style.save", lambda figure, *_: None)
    files = {
        name: [f"{method}-{kind}.{suffix}" for method in METHODS]
        for name, kind, suffix in (
            ("concepts", "concepts", "png"),
            ("concepts_pdf", "concepts", "pdf"),
            ("categories", "categories", "png"),
            ("categories_pdf", "categories", "pdf"),
        )
    }
    run(
        root,
        "figures_dissect",
        folder=tmp_path,
        input=SimpleNamespace(tables=tables, summaries=summaries),
        output=Output(**files),
        params=SimpleNamespace(settings={"methods": list(METHODS), "min_units_per_concept": 4}),
    )
    assert [what for what, _ in drawn] == ["CLIP-Dissect, strength ≥ 2", "NetDissect, IoU ≥ 0.04"]
    for _, counted in drawn:
        assert tuple(counted) == models
    assert {name: set(rows["concept"]) for name, rows in drawn[0][1].items()} == {"a": {"of-a"}, "b": {"of-b"}}
    assert {name: len(rows) for name, rows in drawn[1][1].items()} == {"a": 4, "b": 0}


def test_the_figure_of_roles_says_so_where_a_method_has_no_labels(monkeypatch, root, tmp_path):
    saved = []
    monkeypatch.setattr("lucidag.figures.style.save", lambda figure, *files: saved.append((figure, files)))
    joined = labels(METHODS[:1], "cup").assign(
        role="both", rank_train=range(1, 5), rank_test=range(1, 5), score=np.arange(4.0), labelled=True, flags="x"
    )[list(JOINED)]
    joined.to_csv(tmp_path / "units.csv", index=False)
    tests = {"layer": "l", "thresholds": {"clip-dissect": 2.0}, "methods": role_tests(joined, Draws(resamples=20))}
    write_json(tmp_path / "tests.json", tests)
    files = {kind: [str(tmp_path / f"{method}-roles.{kind}") for method in METHODS] for kind in ("png", "pdf")}
    run(
        root,
        "figures_concept_roles",
        folder=tmp_path,
        input=SimpleNamespace(units=str(tmp_path / "units.csv"), tests=str(tmp_path / "tests.json")),
        output=Output(**files),
        params=SimpleNamespace(settings={"methods": list(METHODS)}),
    )
    assert [names for _, names in saved] == list(zip(files["png"], files["pdf"], strict=True))
    (one, _), (other, _) = saved
    assert "CLIP-Dissect: rank and score" in one.axes[0].get_title(loc="left")
    assert "NetDissect has no labels" in other.texts[0].get_text()


def test_a_concept_that_is_a_number_is_a_word_in_the_figure_of_roles(monkeypatch, root, tmp_path):
    saved = []
    monkeypatch.setattr("lucidag.figures.style.save", lambda figure, *files: saved.append(figure))
    joined = labels(METHODS[:1], ["7", "3", "7", "007"]).assign(
        role=["both", "both", "neither", "neither"],
        rank_train=range(1, 5),
        rank_test=range(1, 5),
        labelled=True,
        flags="",
    )[list(JOINED)]
    write_table(tmp_path / "units.csv", joined)
    tests = {"layer": "l", "thresholds": {"clip-dissect": 2.0}, "methods": role_tests(joined, Draws(resamples=20))}
    write_json(tmp_path / "tests.json", tests)
    files = {kind: [str(tmp_path / f"clip-dissect-roles.{kind}")] for kind in ("png", "pdf")}
    run(
        root,
        "figures_concept_roles",
        folder=tmp_path,
        input=SimpleNamespace(units=str(tmp_path / "units.csv"), tests=str(tmp_path / "tests.json")),
        output=Output(**files),
        params=SimpleNamespace(settings={"methods": ["clip-dissect"]}),
    )
    (figure,) = saved
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["7", "007", "3"]
