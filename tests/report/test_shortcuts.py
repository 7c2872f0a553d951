"""What the sections about artefacts show of results that say little; their cells run here, without a kernel."""

import ast
import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lucidag.artefacts.audit import audit
from lucidag.artefacts.settings import Audit
from lucidag.ground.files import read_json
from lucidag.report.cells import Code, Section
from lucidag.report.shortcuts import artefacts, studies


def run(section: Section) -> tuple[list[pd.DataFrame], str]:
    """Run the code of a section: the tables that it shows, and what it prints."""
    names: dict[str, Any] = {"pd": pd, "read_json": read_json, "Image": lambda *_, **__: None, "display": print}
    tables, said = [], io.StringIO()
    for cell in section.cells:
        if isinstance(cell, Code):
            *lines, last = ast.parse(cell.source).body
            with contextlib.redirect_stdout(said):
                exec(compile(ast.Module(lines, []), "cell", "exec"), names)
                assert isinstance(last, (ast.Expr, ast.For))
                if isinstance(last, ast.For):
                    exec(compile(ast.Module([last], []), "cell", "exec"), names)
                    continue
                value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            if isinstance(value, pd.DataFrame):
                tables.append(value)
    return tables, said.getvalue()


def audited(labels: list[str], finds: np.ndarray) -> dict[str, Any]:
    """Audit images with a flag ``ring``; their scores are those of rings where `finds` is true."""
    n = len(labels)
    table = pd.DataFrame(
        {
            "image": [f"p{row}" for row in range(n)],
            "label": labels,
            "split": ["train", "test"] * (n // 2),
            "ring": ["1" if row % 4 < 2 else "0" for row in range(n)],
        }
    )
    scores = pd.DataFrame({"image": table["image"], "ring": np.where(finds, 250.0, 100.0 + (table["ring"] == "1"))})
    return audit(table, ["benign", "malignant"], scores, Audit(resamples=20))[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of results, where the cells run."""
    for name in ("artefacts", "shortcuts/ring"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_one_class_has_sentences_and_empty_tables(folder: Path) -> None:
    found = audited(["benign"] * 40, np.zeros(40, bool))
    (folder / "artefacts" / "cats.json").write_text(json.dumps(found))
    (odds, grades, baseline), said = run(artefacts(["cats"], 0.95, {}))
    assert (len(odds), len(grades), len(baseline)) == (0, 1, 0)
    assert "so there is no label to predict" in said
    assert "commonest" not in said


def test_a_finder_is_graded_at_the_threshold_that_it_uses(folder: Path) -> None:
    # Only every tenth ring is as dark as the method asks for; a threshold chosen by the flags would find all.
    found = audited(["benign", "malignant", "malignant", "benign"] * 20, np.arange(80) % 20 == 0)
    (folder / "artefacts" / "cats.json").write_text(json.dumps(found))
    (_, grades, baseline), said = run(artefacts(["cats"], 0.95, {}))
    ring = found["finders"]["ring"]
    assert ring["chosen"]["recall"]["value"] == 1
    assert grades.loc["ring", "found"] == 4
    assert grades.loc["ring", "used.recall.value"] == ring["own"]["recall"]["value"] < 0.2
    assert set(baseline.index) == set(found["shortcut"]["logistic"])
    assert "always the commonest" in said


def test_a_study_without_any_value_has_empty_tables(folder: Path) -> None:
    found = {
        "relevance": {"with": [], "without": []},
        "difference": [],
        "changes": {},
        "removal": {"with": {}, "without": {}},
    }
    change = {"change": {"value": 0.5}}
    found["changes"] = {"with": {"ring": {"artefact": change, "control": change, "beyond": {"value": 0.0}}}}
    for values in found["changes"]["with"]["ring"].values():
        values |= {"low": 0.0, "high": 0.0, "n": 2}
    (folder / "shortcuts" / "ring" / "summary.json").write_text(json.dumps(found))
    section = studies({"ring": {"with": ["net"], "without": ["other"], "confidence": 0.9}})
    (relevance, difference, changes, removal), _ = run(section)
    assert (len(relevance), len(difference), len(changes), len(removal)) == (0, 0, 1, 0)
