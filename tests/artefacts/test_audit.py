import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lucidag.artefacts.audit import audit, nothing_found
from lucidag.artefacts.examples import Example
from lucidag.artefacts.finders import FINDERS, scan
from lucidag.artefacts.grading import grade
from lucidag.artefacts.settings import Audit
from lucidag.data.images import Images
from lucidag.data.lesions import CLASSES
from lucidag.data.manifest import read_manifest, write_manifest
from lucidag.data.sources.lesions import Lesions
from lucidag.figures.artefacts import examples, grades, odds
from lucidag.figures.style import save
from lucidag.ground.errors import InputError


@pytest.fixture(scope="module")
def lesions(tmp_path_factory):
    """Give a data set whose patch sits on benign and whose ring sits on malignant images."""
    folder = tmp_path_factory.mktemp("lesions")
    splits = {"train": 0.5, "val": 0, "test": 0.5}
    rates = {"patch": {"benign": 0.6, "malignant": 0.05}, "ring": {"malignant": 0.5}}
    source = Lesions(source="lesions", number=320, size=48, splits=splits, seed=4, **rates).load()
    write_manifest(folder, source.table, source.classes, source.images, source.masks)
    manifest = read_manifest(folder)
    return manifest.table, scan(manifest.table["image"].tolist(), Images(manifest).read, list(FINDERS))


def test_the_planted_ring_and_patch_are_found_and_their_strength_told(lesions):
    table, scores = lesions
    rows, summary = audit(table, CLASSES, scores, Audit(resamples=300))
    for name, column in (("ring", "ring"), ("patch", "patch")):
        assert summary["finders"][name]["column"] == column
        assert summary["finders"][name]["weak"] is False
        assert summary["finders"][name]["chosen"]["recall"]["value"] > 0.9
        assert (rows[f"{name}_found"].astype(str) == table[column]).mean() > 0.97
    tests = {one["column"]: one for one in summary["associations"]}
    assert tests["patch_found"]["p_holm"] < 1e-6
    assert tests["patch"]["odds_ratio_high"] < 0.3
    assert float(tests["ring_found"]["odds_ratio_low"]) > 5
    assert tests["ring"]["rule"]["class"] == "malignant"
    assert tests["ring"]["rule"]["share"] == 1
    assert tests["skin"]["p_holm"] > 0.05
    # Of the probabilities planted: with the ring or without the patch malignant is the better guess.
    # Their best AUC: of the four combinations, ordered by the odds of malignant, with ties counted half.
    benign, malignant = np.array([0.4, 0.6, 0, 0]), np.array([0.475, 0.025, 0.475, 0.025])
    order = np.argsort(malignant / (benign + malignant))
    best = sum(m * (benign[order][:i].sum() + benign[order][i] / 2) for i, m in enumerate(malignant[order]))
    for name in ("metadata and finders", "finders"):
        told = summary["shortcut"]["logistic"][name]["auc"]
        assert told["low"] < best < told["high"]
        assert told["high"] - told["low"] < 0.15
    assert summary["classes"] == {name: int((table["label"] == name).sum()) for name in CLASSES}
    assert list(rows)[:3] == ["image", "ring_score", "ring_found"]
    json.dumps(summary, allow_nan=False)
    again = audit(table, CLASSES, scores, Audit(resamples=300))
    assert json.dumps(again[1]) == json.dumps(summary)


def test_one_class_no_columns_constant_columns_and_few_images_are_sentences(lesions):
    table, scores = lesions
    rows = table["label"] == "benign"
    _, summary = audit(
        table[rows].reset_index(drop=True), CLASSES, scores[rows.to_numpy()].reset_index(drop=True), Audit()
    )
    assert "All images are of class 'benign', so nothing can go with the class." in summary["sentences"]
    assert summary["associations"] == []
    assert "one class" in summary["shortcut"]["sentence"]
    bare = table[["image", "path", "label", "split", "mask", "digest"]]
    _, summary = audit(bare, CLASSES, scores[["image"]], Audit())
    assert summary["finders"] == {}
    assert any("no column" in sentence for sentence in summary["sentences"])
    assert any("No id column" in sentence for sentence in summary["sentences"])
    few = table.head(3).assign(patch="1")
    _, summary = audit(few, CLASSES, scores.head(3), Audit(resamples=20))
    assert summary["left_out"]["patch"] == "has one value only: '1'"
    json.dumps(summary, allow_nan=False)


def test_the_level_is_that_of_the_intervals_and_ids_alone_are_nothing_to_test(lesions):
    table, scores = lesions
    _, summary = audit(table, CLASSES, scores, Audit(confidence=0.9, resamples=20))
    assert any("columns go with the class (p < 0.1, Holm)" in sentence for sentence in summary["sentences"])
    assert "filled: p < 0.1, Holm" in odds(summary["associations"], 0.9).axes[0].get_xlabel()
    named = table[["image", "path", "label", "split", "mask", "digest"]].assign(name=table["image"])
    _, summary = audit(named, CLASSES, scores[["image"]], Audit(resamples=20))
    assert "There is no column that can be tested against the class." in summary["sentences"]


def test_ids_are_left_out_and_keep_images_together(lesions):
    table, scores = lesions
    table = table.assign(patient=[f"p{row // 4}" for row in range(len(table))])
    _, summary = audit(table, CLASSES, scores, Audit(resamples=20), id_column="patient")
    assert "patient" not in {one["column"] for one in summary["associations"]}
    assert summary["left_out"]["patient"] == "names the patient or lesion of an image"
    assert summary["shortcut"]["shared_ids"] > 0
    assert not any("No id column" in sentence for sentence in summary["sentences"])


def test_images_without_an_id_are_not_of_one_patient(lesions):
    table, scores = lesions
    table = table.assign(patient=["p" if row < 2 else "" for row in range(len(table))])
    _, summary = audit(table, CLASSES, scores, Audit(resamples=20), id_column="patient")
    split = set(table["split"][:2])
    assert summary["shortcut"]["shared_ids"] == (1 if len(split) == 2 else 0)
    assert summary["shortcut"]["learnt"] > 150


def test_a_score_at_the_threshold_is_no_find():
    table = pd.DataFrame({"image": ["a", "b"], "label": list(CLASSES), "split": "test"})
    rows, summary = audit(
        table, CLASSES, pd.DataFrame({"image": ["a", "b"], "ring": [245.0, 246.0]}), Audit(resamples=20)
    )
    assert rows["ring_found"].tolist() == [0, 1]
    assert summary["finders"]["ring"]["found"] == 1


def test_what_does_not_fit_is_named(lesions):
    table, scores = lesions
    with pytest.raises(InputError, match="in its order"):
        audit(table, CLASSES, scores[::-1], Audit())
    with pytest.raises(InputError, match="id column 'patient' does not exist"):
        audit(table, CLASSES, scores, Audit(), id_column="patient")
    with pytest.raises(InputError, match="cannot grade finder 'ring'"):
        audit(table, CLASSES, scores, Audit(), truth={"ring": "skin"})
    with pytest.raises(InputError, match="column 'rnig' does not exist"):
        audit(table, CLASSES, scores, Audit(), truth={"ring": "rnig"})
    with pytest.raises(InputError, match="finder 'rnig' does not exist"):
        audit(table, CLASSES, scores, Audit(), truth={"rnig": "ring"})
    with pytest.raises(InputError, match="class 'malignant' does not exist"):
        audit(table, ("benign", "other"), scores, Audit())


def test_figures_are_drawn_whatever_the_audit_found(lesions, tmp_path):
    table, scores = lesions
    _, summary = audit(table, CLASSES, scores, Audit(resamples=20))
    image = np.full((48, 48, 3), 200, np.uint8)
    mask = np.zeros((48, 48), bool)
    mask[:9] = True
    shown = {"ring": {"right": [Example(image, mask, 1.0)], "wrong": []}, "patch": {"found": []}}
    figures = {
        "odds": odds(summary["associations"]),
        "grades": grades(summary["finders"]),
        "examples": examples(shown),
        "no-odds": odds([]),
        "no-grades": grades({}),
        "no-examples": examples({}),
    }
    for name, fig in figures.items():
        save(fig, tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    labels = [text.get_text() for text in figures["odds"].axes[0].get_yticklabels()]
    two = [one for one in summary["associations"] if "odds_ratio" in one]
    assert len(labels) == len(two)
    assert any(label.startswith("ring, found") for label in labels)
    assert "skin" in figures["odds"].axes[0].get_title(loc="left")
    assert len(figures["examples"].axes) == 1


def test_figures_fill_what_is_sure_and_draw_the_grade_that_is_used():
    counts = {"0": {"a": 20, "b": 10}, "1": {"a": 10, "b": 20}}
    known = {"kind": "finder", "counts": counts, "value": "1", "class": "b"}
    known |= {"odds_ratio": 3.9, "odds_ratio_low": 1.2, "odds_ratio_high": 13.0}
    ax = odds([{**known, "column": "sure", "p_holm": 0.01}, {**known, "column": "unsure", "p_holm": 0.2}]).axes[0]
    points = {line.get_ydata()[0]: line for line in ax.lines if line.get_marker() == "s"}
    names = [label.get_text().partition(" ")[0] for label in ax.get_yticklabels()]
    assert points[names.index("unsure")].get_markerfacecolor() == "white"
    assert points[names.index("sure")].get_markerfacecolor() == points[0].get_color()
    truth = np.arange(80) % 4 < 2
    dark = np.where(np.arange(80) % 20 == 0, 250.0, 100.0 + truth)
    found = grade("ring", dark, truth, "ring", 245.0, True, None, 0, 0.95)
    recall = grades({"ring": found}).axes[1]
    (place,) = [line.get_xdata()[0] for line in recall.lines if line.get_marker() in "so"]
    assert place == found["own"]["recall"]["value"] < found["chosen"]["recall"]["value"]


def test_the_audit_never_imports_torch(root):
    modules = [f"lucidag.artefacts.{file.stem}" for file in (root / "lucidag" / "artefacts").glob("[a-z]*.py")]
    for asking in ("study", "removal", "proposals", "proposals_run"):  # these ask networks
        modules.remove(f"lucidag.artefacts.{asking}")
    assert "lucidag.artefacts.audit" in modules
    code = f"import sys, {', '.join(modules)}; print([m for m in ('torch', 'torchvision') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_finder_without_flags_says_so(lesions):
    table, scores = lesions
    _, summary = audit(table, CLASSES, scores, Audit(resamples=20))
    assert summary["finders"]["ruler"]["column"] is None
    assert summary["finders"]["ruler"]["threshold"] == FINDERS["ruler"].threshold
    assert "no column holds flags" in summary["finders"]["ruler"]["sentence"]
    assert {name: one["validated"] for name, one in summary["finders"].items()} == {
        name: name in ("ring", "dark_corner", "patch", "hair") for name in FINDERS
    }
    assert any(sentence.startswith("ruler is unvalidated") for sentence in summary["sentences"])
    many = scores.assign(ruler=[1.0] * 300 + [0.0] * 20)
    ruler = audit(table, CLASSES, many[["image", "ruler"]], Audit(resamples=10))[1]["finders"]["ruler"]
    assert (ruler["found"], ruler["common"]) == (300, True)
    assert "ruler" in grades(summary["finders"]).get_suptitle()
    shown = examples({"ruler": {"found": [Example(np.zeros((9, 9, 3), np.uint8), np.eye(9) > 0, 1.0)]}})
    assert "unvalidated" in shown.axes[0].get_ylabel()
    assert isinstance(scores, pd.DataFrame)


@pytest.mark.parametrize(("found", "said"), [((0, 0), 1), ((0, 3), 0)])
def test_finders_that_find_nothing_are_said(found, said):
    grades = {name: {"found": number} for name, number in zip(("ring", "hair"), found, strict=True)}
    sentences = nothing_found(grades)
    assert len(sentences) == said
    assert all("ring, hair" in sentence for sentence in sentences)


def test_an_audit_that_finds_nothing_has_the_sentence():
    images, asked = [f"i{number}" for number in range(20)], Audit(finders=["ring"], resamples=10)
    table = pd.DataFrame({"image": images, "label": ["a", "b"] * 10, "split": "train"})
    _, found = audit(table, ["a", "b"], pd.DataFrame({"image": images, "ring": 0.0}), asked)
    assert nothing_found(found["finders"])[0] in found["sentences"]
