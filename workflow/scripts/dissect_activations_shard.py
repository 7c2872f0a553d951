"""Run one model over a shard of a probe set: the activations of its units."""

from pathlib import Path
from typing import TYPE_CHECKING

from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.job import job
from lucidag.ground.shards import Shard
from lucidag.models.trained import open_trained
from lucidag.units.passes.activations import collect_part
from lucidag.units.passes.parts import write_part

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    manifest = read_manifest(Path(snakemake.input.dataset[0]).parent)
    rows = manifest.rows_of(settings["splits"])
    network, _ = open_trained(settings, snakemake.input.checkpoint)
    with lease(snakemake.resources.gpu) as device:
        part = collect_part(
            network,
            manifest,
            rows,
            settings["layers"],
            snakemake.output.activations,
            pooling=settings["pooling"],
            top=settings["top"],
            quantile=settings["quantile"],
            seed=settings["seed"],
            device=device,
            batch_size=settings["batch_size"],
            shard=Shard.parse(snakemake.wildcards.shard),
        )
    write_part(snakemake.output.part, part)
