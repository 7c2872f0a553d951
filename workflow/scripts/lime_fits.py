"""Explain some pictures by LIME."""

from typing import TYPE_CHECKING

from lucidag.device import lease
from lucidag.explain.open import open_job
from lucidag.explain.store import write_explained
from lucidag.job import job
from lucidag.lime.stage import explain_subjects

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    network, classes, subjects = open_job(settings, snakemake.input.checkpoint, snakemake.input.pictures)
    with lease(snakemake.resources.gpu) as device:
        explained = explain_subjects(network, subjects, classes, settings, device)
    write_explained(snakemake.output.fits, explained)
