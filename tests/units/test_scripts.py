"""Scripts of dissection's figures, run as Snakemake runs them."""

import runpy
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lucidag.data.manifest import write_manifest
from lucidag.ground.files import read_json, write_json
from lucidag.ground.tables import write_table
from lucidag.units.compare.roles_join import JOINED, role_tests
from lucidag.units.compare.summary import summary
from lucidag.units.labels.unit_tables import read_units, write_units
from lucidag.units.passes.unit_statistics import LayerStatistics, Statistics, write_pass
from lucidag.units.settings import Counting, Describing, Draws, Labelling

METHODS = ("clip-dissect", "netdissect")


def labels(methods, concept):
    """Give four units one label by each method; a layer without maps has none by Network Dissection."""
    parts = [
        pd.DataFrame({"method": method, "unit": range(4), "concept": concept, "category": "object", "score": 9.0})
        for method in methods
    ]
    return pd.concat(parts, ignore_index=True).assign(verdict="confirmed", judged_by="annotations")


def run(root, rule, **task):
    found = {"rule": rule, "log": [str(task.pop("folder") / "log.txt")], "wildcards": [], **task}
    runpy.run_path(str(root / "workflow" / "scripts" / f"{rule}.py"), init_globals={"snakemake": Task(**found)})


class Output(SimpleNamespace):
    """Named files and lists of files, and all of them one after the other."""

    def __iter__(self):
        return (file for files in vars(self).values() for file in ([files] if isinstance(files, str) else files))


class Task(SimpleNamespace):
    """What a script reads of its job."""


class Wildcards(SimpleNamespace):
    """The wildcards of a job, by name and one after the other."""

    def __iter__(self):
        return iter(vars(self).values())


@pytest.mark.parametrize(
    ("similar", "words", "circular"),
    [
        ("clip-dissect", "CLIP-Dissect, confirmed labels", []),
        ("annotations", "Labels by annotations, confirmed labels, circular: kind", ["kind"]),
    ],
)
@pytest.mark.parametrize("models", [("a", "b"), ("b", "a")])
def test_the_figures_of_concepts_read_each_models_own_tables(
    monkeypatch, root, tmp_path, models, similar, words, circular
):
    methods = (similar, "netdissect")
    # The folder of the results is called as a model is; units of b have numbers and no maps.
    results = tmp_path / models[0] / models[1] / "results"
    tables, summaries = [], []
    for model in models:
        file = results / "dissect" / model / "l.csv"
        table = labels(methods if model == "a" else methods[:1], f"of-{model}")
        write_units(file, table)
        told = table.assign(layer="l", second_verdict="unconfirmed", second_chance=False)
        known = summary(told, Counting(resamples=10))
        told = {"l": {similar: {"circular": circular if model == "b" else []}, "netdissect": {}}}
        write_json(file.with_name("summary.json"), {"model": model, **known, "labels": told})
        tables.append(str(file))
        summaries.append(str(file.with_name("summary.json")))
    drawn = []
    module = "lucidag.figures.concepts"
    monkeypatch.setattr(f"{module}.units_per_concept", lambda counted, *_, what: drawn.append((what, counted)))
    monkeypatch.setattr("lucidag.figures.style.save", lambda figure, *_: None)
    files = {
        name: [f"{method}-{kind}.{suffix}" for method in methods]
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
        params=SimpleNamespace(settings={"methods": list(methods), "min_units_per_concept": 4}),
    )
    assert [what for what, _ in drawn] == [words, "NetDissect, confirmed labels"]
    for _, counted in drawn:
        assert tuple(counted) == models
    assert {name: set(rows["concept"]) for name, rows in drawn[0][1].items()} == {"a": {"of-a"}, "b": {"of-b"}}
    assert {name: len(rows) for name, rows in drawn[1][1].items()} == {"a": 4, "b": 0}


def test_the_figure_of_roles_says_so_where_a_method_has_no_labels(monkeypatch, root, tmp_path):
    saved = []
    monkeypatch.setattr("lucidag.figures.style.save", lambda figure, *files: saved.append((figure, files)))
    joined = labels(METHODS[:1], "cup").assign(
        role="both",
        supported="both",
        rank_train=range(1, 5),
        rank_test=range(1, 5),
        score=np.arange(4.0),
        labelled=True,
        flags="x",
    )[list(JOINED)]
    joined.to_csv(tmp_path / "units.csv", index=False)
    tests = {"layer": "l", "methods": role_tests(joined, Draws(resamples=20))}
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
        supported=["both", "undetermined", "neither", "neither"],
        rank_train=range(1, 5),
        rank_test=range(1, 5),
        labelled=True,
        flags="",
    )[list(JOINED)]
    write_table(tmp_path / "units.csv", joined)
    tests = {"layer": "l", "methods": role_tests(joined, Draws(resamples=20))}
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


@pytest.mark.parametrize(
    ("columns", "concepts", "circular", "words"),
    [
        ([], {"north", "south"}, [], "values of the columns site; left out: label, kind (they tell the class)"),
        (["site", "kind"], {"north", "south", "tabby", "hound"}, ["kind"], "labels by kind are circular"),
    ],
)
def test_labels_by_annotations_and_their_summary_say_what_was_left_out(
    capfd, root, tmp_path, columns, concepts, circular, words
):
    random = np.random.default_rng(0)
    shown = {"site": random.choice(["north", "south"], 60), "kind": ["tabby", "hound"] * 30}
    table = pd.DataFrame({"image": [f"i{n}" for n in range(60)], "label": ["cat", "dog"] * 30, **shown})
    write_manifest(
        tmp_path / "data",
        table.assign(split=["train"] * 20 + ["test"] * 40),
        ["cat", "dog"],
        np.zeros((60, 2, 2, 1), "u1"),
    )
    named = [*sorted({*shown["site"]}), *shown["kind"][:2]]
    units = np.stack([(np.array(shown["site" if name in shown["site"] else "kind"]) == name)[20:] for name in named], 1)
    activations = (units + 0.1 * random.random(units.shape)).astype(np.float32)
    ids, zeros = tuple(table["image"][20:]), np.zeros(4, np.float32)
    for name, each in (("s", activations), ("untrained", random.random(units.shape, np.float32))):
        np.save(tmp_path / f"{name}.npy", each)
        top = np.argsort(-each, axis=0)[:10].T
        layer = LayerStatistics(top, np.take_along_axis(each.T, top, 1), zeros, zeros, zeros, zeros)
        statistics = Statistics(ids, {"l": layer}, {"l": (4,)}, "mean", 0.1, {"l": 1.0})
        write_pass(tmp_path / f"{name}.safetensors", statistics)
    inputs = SimpleNamespace(
        statistics=str(tmp_path / "s.safetensors"),
        activations=str(tmp_path / "s.npy"),
        untrained_statistics=str(tmp_path / "untrained.safetensors"),
        untrained_activations=str(tmp_path / "untrained.npy"),
        classes=str(tmp_path / "data" / "dataset.json"),
        dataset=[str(tmp_path / "data" / "manifest.csv")],
        get=lambda name: None,
    )
    files = {
        name: str(tmp_path / file) for name, file in (("table", "l.csv"), ("ranking", "r.csv"), ("about", "l.json"))
    }
    files["untrained"] = [str(tmp_path / "l-untrained.csv")]
    describing = Describing(evidence="annotations", columns=columns)
    settings = Labelling(clip_dissect=describing, netdissect=None, splits=None, resamples=20).model_dump(mode="json")
    job = {"folder": tmp_path, "wildcards": Wildcards(model="b", layer="l"), "threads": 1}
    run(root, "dissect_labels", input=inputs, output=Output(**files), params=SimpleNamespace(settings=settings), **job)
    labelled = read_units(files["table"])
    assert set(labelled["method"]) == {"annotations"}
    chosen = [name for name in named if name in concepts]
    assert labelled.loc[: len(chosen) - 1, "concept"].tolist() == chosen
    about = read_json(files["about"])
    assert about["methods"]["annotations"]["circular"] == circular
    inputs.tables, inputs.about, inputs.untrained = [files["table"]], [files["about"]], files["untrained"]
    counting = Counting(resamples=20).model_dump(mode="json")
    out = Output(summary=str(tmp_path / "summary.json"))
    run(root, "dissect_summary", input=inputs, output=out, params=SimpleNamespace(settings=counting), **job)
    found = read_json(out.summary)
    assert list(found["methods"]) == ["annotations"]
    untrained = read_units(files["untrained"][0])
    assert (untrained["verdict"] != "confirmed").all()  # of four units none is above the greatest
    assert found["methods"]["annotations"]["untrained"]["layers"]["l"]["value"] == 0
    assert found["methods"]["annotations"]["confirmed"]["overall"]["labelled"]["value"] > 0
    assert found["labels"]["l"]["annotations"]["circular"] == circular
    left_out, said, top_images = found["notes"]
    assert "20 training images are left out" in left_out
    assert words in said
    assert "the top 10 images of a unit are 25% of the 40" in top_images
    assert [f"lucidag: units of b: {note}" for note in found["notes"]] == capfd.readouterr().err.splitlines()
