"""Make class activation maps of some pictures by every method."""

from typing import TYPE_CHECKING

from lucidag.cam.stage import explain_subjects
from lucidag.device import lease
from lucidag.explain.open import open_job
from lucidag.explain.store import write_explained
from lucidag.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    network, classes, subjects = open_job(settings, snakemake.input.checkpoint, snakemake.input.pictures)
    with lease(snakemake.resources.gpu) as device:
        explained = explain_subjects(network, subjects, classes, settings, device)
    write_explained(snakemake.output.maps, explained)
