"""The job that trains: what it keeps until its outputs are written."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from lucidag.models import weights
from lucidag.models.inputs import Inputs
from lucidag.models.settings import Train
from tests.ground.jobs import task

COUNTS = {"train": [4, 4], "val": [2, 2]}
SETTINGS = {
    "architecture": "lucidag.models.small:small_cnn",
    "options": {"width": 2},
    "input": Inputs(size=8).model_dump(mode="json"),
    "head": None,
    "weights": None,
    "train": Train(epochs=3, batch_size=4, threads=1).model_dump(mode="json"),
    "outlive_divergence": False,
    "groups": [],
}


@pytest.fixture
def train(make_dataset, tmp_path: Path, root: Path):
    """Return a function that runs the job, and the job."""
    inputs = {"dataset": [str(make_dataset(COUNTS).folder / "manifest.csv")]}
    outputs = {"checkpoint": "models/net/checkpoint.safetensors", "history": "models/net/history.csv"}
    made = task(tmp_path / "results", "train", inputs, outputs, params={"settings": SETTINGS, "code": {}})
    made.resources = SimpleNamespace(gpu=0)
    script = str(root / "workflow/scripts/train.py")
    return made, lambda: runpy.run_path(script, init_globals={"snakemake": made})


def test_a_job_that_cannot_write_its_checkpoint_has_not_trained_in_vain(train, monkeypatch) -> None:
    made, run = train
    folder, log = Path(made.output.checkpoint).parent, Path(made.log[0])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(weights, "save_checkpoint", full)
        with pytest.raises(SystemExit):
            run()
    assert (folder / "training.safetensors").is_file()
    assert "epoch 3/3" in log.read_text()
    run()
    assert "epoch" not in log.read_text()
    assert {file.name for file in folder.iterdir()} == {"checkpoint.safetensors", "history.csv"}
