"""Train one model and keep its checkpoint and the history of its epochs."""

from pathlib import Path
from typing import TYPE_CHECKING

from lucidag.device import lease
from lucidag.models.weights import load_weights, save_checkpoint

from lucidag.data.manifest import read_manifest
from lucidag.files import write_rows
from lucidag.job import job
from lucidag.models.build import build
from lucidag.models.inputs import inputs_from_json
from lucidag.models.train import HISTORY_COLUMNS, TrainSettings, train
from lucidag.provenance import digest_of

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    manifest = read_manifest(Path(snakemake.input.dataset[0]).parent)
    inputs = inputs_from_json(settings["input"])
    how = TrainSettings(**settings["train"])
    model = build(settings["architecture"], len(manifest.classes), settings["options"], how.seed)
    if settings["weights"] is not None:
        load_weights(model, settings["weights"], settings["head"], settings["new_head"])
    state = Path(snakemake.output.checkpoint).with_name("training.safetensors")
    everything = digest_of(settings, snakemake.params.code, snakemake.input)
    with lease(snakemake.resources.gpu) as device:
        history = train(model, manifest, inputs, how, device, state, everything)
    write_rows(snakemake.output.history, HISTORY_COLUMNS, history)
    save_checkpoint(
        snakemake.output.checkpoint,
        model.cpu(),
        {
            "architecture": settings["architecture"],
            "options": settings["options"],
            "classes": list(manifest.classes),
            "input": inputs.to_json(),
        },
    )
