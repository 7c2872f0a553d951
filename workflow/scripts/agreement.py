"""Compare every two methods on a model's images, and each with the masks where there are any."""

from typing import TYPE_CHECKING

from lucidag.explain.agreement.agreement import agreement_table, correlation_table
from lucidag.explain.agreement.images import joined
from lucidag.explain.agreement.summary import agreement_summary, truth_summary
from lucidag.explain.agreement.truth import truth_table
from lucidag.explain.store import read_explained
from lucidag.ground.job import job
from lucidag.ground.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    seed, thresholds = settings["seed"], settings["thresholds"]
    cam, lime = (
        [image for file in snakemake.input.get(stage, []) for image in read_explained(file)]
        for stage in ("cam", "lime")
    )
    frames = joined(cam, lime)
    pairs, ranks = agreement_table(frames, thresholds, settings["area"], seed), correlation_table(frames)
    truth = truth_table(frames, thresholds, seed)
    interval = (settings["confidence"], settings["resamples"], seed)
    write_table(snakemake.output.pairs, pairs)
    write_table(snakemake.output.ranks, ranks)
    write_table(snakemake.output.summary, agreement_summary(pairs, ranks, *interval))
    write_table(snakemake.output.truth, truth)
    write_table(snakemake.output.truth_summary, truth_summary(truth, *interval))
