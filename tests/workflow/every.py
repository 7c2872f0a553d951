"""A small configuration with every rule of the workflow, in a folder of its own."""

import subprocess
import sys
from pathlib import Path

import yaml

CONFIGURATION = "config/every.yaml"
SHARDED = "config/sharded.yaml"  # the same, with several jobs for one stage
CLAIMS = """\
claims:
  - {id: right, project: own, text: It is right., claimed: {above: 0.5}, measure: {name: accuracy, of: [a]}}
  - {id: listed, project: own, text: Two., claimed: {value: 2}, measure: {name: units_listed, of: own/published.csv}}
"""
PUBLISHED = "layer,unit,description,similarity\nlast,0,dog,0.5\nlast,1,cat,0.25\n"
WEIGHTS = """\
import sys, torch
from mynet import make
torch.manual_seed(1)
torch.save(make(num_classes=2).state_dict(), sys.argv[1])
"""


def prepare(folder: Path) -> None:
    """Lay both configurations, and weights to import, into a project that the fixture `project` made."""
    text = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    (folder / CONFIGURATION).write_text(text, encoding="utf-8")
    words = yaml.safe_load(text)
    for section in (words["models"]["b"], words["dissect"], words["faithfulness"]):
        section["shards"] = 2
    (folder / SHARDED).write_text(yaml.safe_dump(words, sort_keys=False), encoding="utf-8")
    (folder / "config/own-claims.yaml").write_text(CLAIMS, encoding="utf-8")
    (folder / "own/published.csv").write_text(PUBLISHED, encoding="utf-8")
    subprocess.run([sys.executable, "-c", WEIGHTS, "own/loaded.pt"], cwd=folder, check=True)
