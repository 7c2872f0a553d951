"""Measure how faithful the explanations of one model's images are."""

from typing import TYPE_CHECKING

from lucidag.explain.faithfulness.metrics import write_curves, write_table
from lucidag.explain.faithfulness.stage import measure_subjects
from lucidag.explain.faithfulness.summary import write_summary
from lucidag.explain.open import open_job
from lucidag.explain.store import read_explained
from lucidag.ground.device import lease
from lucidag.ground.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    network, _, subjects = open_job(settings, snakemake.input.checkpoint, snakemake.input.images)
    stored = [image for file in snakemake.input.get("stored", []) for image in read_explained(file)]
    with lease(snakemake.resources.gpu) as device:
        found = measure_subjects(network, subjects, stored, settings, device)
    write_table(out["values"], found.rows)
    write_curves(out.curves, found.points)
    interval = (settings["confidence"], settings["resamples"], settings["measuring"]["seed"])
    write_summary(out["values"], out.pairs, out.ranking, *interval)
