"""Compute the relevance of pixels, by every set of rules, of some pictures."""

from typing import TYPE_CHECKING

from lucidag.device import lease
from lucidag.explain.open import open_job
from lucidag.explain.store import write_explained
from lucidag.job import job
from lucidag.relevance.stage import explain_subjects

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    network, classes, subjects = open_job(settings, snakemake.input.checkpoint, snakemake.input.pictures)
    with lease(snakemake.resources.gpu) as device:
        explained = explain_subjects(network, subjects, classes, settings["composites"], device, snakemake.threads)
    for picture in explained:
        for composite in picture.record["exploded"]:
            print(f"{picture.image}: the relevance by {composite} explodes: its map shows rounding errors")
    write_explained(snakemake.output.maps, explained)
