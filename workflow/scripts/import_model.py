"""Take foreign weights into a network of the configuration, after checking that they fit."""

from pathlib import Path
from typing import TYPE_CHECKING

from lucidag.models.weights import load_weights, save_checkpoint

from lucidag.data.manifest import read_manifest
from lucidag.job import job
from lucidag.models.build import build
from lucidag.models.inputs import inputs_from_json

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    manifest = read_manifest(Path(snakemake.input.dataset[0]).parent)
    model = build(settings["architecture"], len(manifest.classes), settings["options"], 0)
    load_weights(model, settings["weights"], settings["head"], settings["new_head"])
    save_checkpoint(
        snakemake.output.checkpoint,
        model,
        {
            "architecture": settings["architecture"],
            "options": settings["options"],
            "classes": list(manifest.classes),
            "input": inputs_from_json(settings["input"]).to_json(),
        },
    )
