"""Count how far the units of one model overlap with the label maps of a shard of a probe set."""

from pathlib import Path
from typing import TYPE_CHECKING

from lucidag.data.manifest import read_manifest
from lucidag.device import lease
from lucidag.dissect.netdissect import count_overlaps
from lucidag.dissect.overlaps import write_overlaps
from lucidag.dissect.probe import probe_rows
from lucidag.dissect.statistics import read_statistics
from lucidag.job import job
from lucidag.models.trained import open_trained
from lucidag.shards import Shard

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    manifest = read_manifest(Path(snakemake.input.dataset[0]).parent)
    rows = probe_rows(manifest, settings["splits"])
    shown = rows[Shard.parse(snakemake.wildcards.shard).of_batches(len(rows), settings["batch_size"])]
    network, _ = open_trained(settings, snakemake.input.checkpoint)
    with lease(snakemake.resources.gpu) as device:
        overlaps = count_overlaps(
            network,
            manifest,
            shown,
            read_statistics(snakemake.input.statistics).thresholds(),
            settings["quantile"],
            device=device,
            batch_size=settings["batch_size"],
        )
    write_overlaps(snakemake.output.overlaps, overlaps)
