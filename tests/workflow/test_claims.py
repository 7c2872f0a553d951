"""The ledger of claims in a run: a file of one's own, what is measured, and what a mistake says."""

import pytest
import yaml

from lucidag.claims.gather import read_run
from lucidag.ground.files import read_json
from lucidag.ground.tables import read_table

pytestmark = pytest.mark.workflow

TINY = {
    "datasets": {"digits": {"source": "digits"}},
    "models": {
        "net": {
            **{"dataset": "digits", "architecture": "lucidag.models.small:small_mlp", "seeds": [0, 1]},
            **{"options": {"inputs": 64, "hidden": [8]}, "input": {"size": 8, "channels": 1}, "device": "cpu"},
            "train": {"epochs": 1, "threads": 1},
        }
    },
    "claims": "claims-of-a-paper.yaml",
    "report": {"notebook": False},
}
PAPER = {"project": "=A paper"}
CLAIMS = [
    {
        **PAPER,
        **{"id": "right", "text": "It is <b>right</b>.", "claimed": {"above": 2}},
        "measure": {"name": "accuracy", "of": ["net", "other"]},
    },
    {
        **PAPER,
        **{"id": "curve", "text": "One unit.", "claimed": {"value": 0.1}, "configuration": "config/paper.yaml"},
        "measure": {"name": "curve_value", "of": "net", "k": 1},
    },
    {
        **PAPER,
        **{"id": "gone", "text": "Elsewhere.", "claimed": {"value": 0.1}},
        "measure": {"name": "unique_labels", "of": "gone.csv"},
    },
]


def test_claims_of_ones_own_are_held_against_what_is_there(project, snakemake) -> None:
    folder = project()
    (folder / "config/tiny.yaml").write_text(yaml.safe_dump(TINY), encoding="utf-8")
    (folder / "claims-of-a-paper.yaml").write_text(yaml.safe_dump({"claims": CLAIMS}), encoding="utf-8")
    done = snakemake(folder, "claims", "--cores", "2", timeout=600)
    assert "claims: 0 reproduced, 1 refuted, 0 not reproducible as stated, 2 not measured here" in done.stderr
    table = read_table(folder / "results/claims.csv").set_index("id")
    assert table["status"].to_dict() == {
        "right": "refuted",
        "curve": "not measured here",
        "gone": "not measured here",
    }
    assert table.loc["right", "text"] == "It is <b>right</b>."
    assert table.loc["right", "subjects"] == 2
    assert table.loc["right", "file"] == "models/net-s0/evaluation.json"
    assert table.loc["curve", "reason"] == "`rof` does not ask for it of 'net-s0' (config/paper.yaml measures it)"
    assert table.loc["gone", "reason"] == "gone.csv is not there"
    told = read_json(folder / "results/claims.json")["claims"]["right"]
    evaluated = [read_json(folder / f"results/models/net-s{seed}/evaluation.json")["test"] for seed in (0, 1)]
    assert list(told["values"].values()) == [each["accuracy"] for each in evaluated]
    assert told["low"] == min(each["accuracy_low"] for each in evaluated)
    assert read_run(folder / "results").found["right"].n == evaluated[0]["n"]

    CLAIMS[0]["measure"]["splt"] = "val"
    (folder / "claims-of-a-paper.yaml").write_text(yaml.safe_dump({"claims": CLAIMS}), encoding="utf-8")
    done = snakemake(folder, "--dry-run", check=False)
    (line,) = [line for line in done.stderr.splitlines() if "claim '" in line]
    assert line == (
        "lucidag: config/tiny.yaml: claims: claims-of-a-paper.yaml: claim 'right'.measure.splt: unknown key "
        "(did you mean 'split'?)"
    )
