"""Methods that know no class, and maps that are the same for two: said in titles, tables, records and at the end."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from lucidag.explain.faithfulness.metrics import COLUMNS, CURVE_COLUMNS
from lucidag.explain.faithfulness.stage import measure_subjects
from lucidag.explain.faithfulness.summary import write_summary
from lucidag.explain.methods.registry import METHODS, load, titles
from lucidag.explain.no_class import NOTE, marked, without_class
from lucidag.explain.stage import explain_subjects, same_maps
from lucidag.explain.store import read_explained, write_explained
from lucidag.explain.subjects import Subject
from lucidag.ground.tables import read_table, write_rows
from lucidag.models.inputs import Inputs
from lucidag.models.network import Network
from tests.models.vits import SIZE, vit

CLASSES = ["x", "y", "z"]
FREE = {"eigencam", "attention", "rollout"}


def network(model: nn.Module) -> Network:
    return Network(model.eval(), Inputs(SIZE, 3, "stretch", (0.5,) * 3, (0.5,) * 3), None)


def subjects(count: int = 2) -> list[Subject]:
    draw = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (count, 3, SIZE, SIZE), generator=draw, dtype=torch.uint8)
    return [Subject(f"p{number}", "x", 1, frame, None) for number, frame in enumerate(frames)]


def family(method: str) -> dict[str, object]:
    return {"methods": [method], "options": {}}


def test_titles_of_such_methods_say_it_and_no_others_do() -> None:
    assert {name for name in METHODS if not load(name).per_class} == FREE
    assert {name for name, title in titles(METHODS).items() if title.endswith(" (no class)")} == FREE


def test_it_is_stored_with_the_maps(tmp_path) -> None:
    made = [
        explain_subjects(network(vit("fused")), subjects(), CLASSES, family(each), "cpu")
        for each in ("rollout", "legrad")
    ]
    assert [without_class(each) for each in made] == [{"rollout"}, set()]
    write_explained(tmp_path / "maps.safetensors", made[0])
    assert without_class(read_explained(tmp_path / "maps.safetensors")) == {"rollout"}


def test_every_row_names_its_methods_without_a_class() -> None:
    pairs = pd.DataFrame(
        {"method_a": ["rollout", "lime", "rollout", "lime"], "method_b": ["lime", "rollout", "attention", "lrp"]}
    )
    assert marked(pairs, FREE)["no_class"].tolist() == ["rollout", "rollout", "rollout;attention", ""]
    one = pd.DataFrame({"method": ["lime", "eigencam"], "value": [1.0, 2.0]})
    assert marked(one, FREE)["no_class"].tolist() == ["", "eigencam"]
    assert marked(pd.DataFrame(columns=["method", "value"]), FREE)["no_class"].tolist() == []


def test_a_record_names_a_second_class_with_the_same_map() -> None:
    """Where two logits have the same gradient; of a method that knows no class nobody needs to ask."""
    for method in ("rollout", "legrad", "gradient_attention"):
        made = explain_subjects(network(vit("fused")), subjects(), CLASSES, family(method), "cpu")
        assert not any("same_for" in each.record for each in made)
        assert same_maps(made) == []
    alike = vit("fused")
    with torch.no_grad():
        alike.head.weight[:] = alike.head.weight[0]
        alike.head.bias[:] = torch.tensor([0.0, 1.0, 2.0])
    made = explain_subjects(network(alike), subjects(), CLASSES, family("legrad"), "cpu")
    assert [each.record["same_for"] for each in made] == [{"legrad": "z"}] * 2
    (sentence,) = same_maps(made)
    assert sentence.startswith("legrad: 2 of 2 maps are the same for a second class, p0 and 'z' for one")


@pytest.mark.parametrize("method", ["rollout", "legrad"])
def test_values_of_faithfulness_and_its_summaries_say_it(method: str, tmp_path) -> None:
    settings = {
        "families": [family(method)],
        "measuring": {"metrics": ["deletion"], "steps": 2},
    }
    found = measure_subjects(network(vit("fused")), subjects(3), [], settings, "cpu")
    notes = {row.method: row.note for row in found.rows}
    assert (notes[method] == NOTE) == (method == "rollout")
    assert not notes["centre"]
    files = {name: str(tmp_path / f"{name}.csv") for name in ("values", "curves", "pairs", "ranking", "floors")}
    write_rows(files["values"], COLUMNS, map(vars, found.rows))
    write_rows(files["curves"], CURVE_COLUMNS, map(vars, found.points))
    write_summary(files, 0.9, 20, 0)
    said = read_table(files["ranking"]).set_index("method")["no_class"].to_dict()
    assert said == {method: "rollout" if method == "rollout" else "", "centre": "", "random": ""}
    assert np.isin(read_table(files["pairs"])["no_class"], ["", "rollout"]).all()
