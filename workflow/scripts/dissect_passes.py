"""Run one model over a probe set: the activations of its units, and their overlap with the label maps."""

from pathlib import Path
from typing import TYPE_CHECKING

from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.job import job
from lucidag.models.trained import open_trained
from lucidag.units.passes.activations import collect
from lucidag.units.passes.netdissect import count_overlaps
from lucidag.units.passes.overlaps import write_overlaps
from lucidag.units.passes.unit_statistics import write_statistics

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    manifest = read_manifest(Path(snakemake.input.dataset[0]).parent)
    rows = manifest.rows_of(settings["splits"])
    network, _ = open_trained(settings, snakemake.input.checkpoint)
    with lease(snakemake.resources.gpu) as device:
        # A threshold is one of the activations: both passes must round alike.
        same = {"device": device, "batch_size": settings["batch_size"]}
        statistics = collect(
            network,
            manifest,
            rows,
            settings["layers"],
            snakemake.output.activations,
            pooling=settings["pooling"],
            top=settings["top"],
            quantile=settings["quantile"],
            seed=settings["seed"],
            **same,
        )
        for file in snakemake.output.overlaps:
            limits = statistics.thresholds()
            write_overlaps(file, count_overlaps(network, manifest, rows, limits, settings["quantile"], **same))
    write_statistics(snakemake.output.statistics, statistics)
