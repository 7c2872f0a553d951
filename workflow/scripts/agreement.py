"""Compare every two methods on a model's pictures, and each with the masks where there are any."""

from typing import TYPE_CHECKING

from lucidag.agreement.agreement import agreement_table, correlation_table
from lucidag.agreement.pictures import joined
from lucidag.agreement.summary import agreement_summary, truth_summary
from lucidag.agreement.tables import write_table
from lucidag.agreement.truth import truth_table
from lucidag.explain.store import read_explained
from lucidag.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    seed, thresholds = settings["seed"], settings["thresholds"]
    cam, lime = (
        [picture for file in snakemake.input.get(stage, []) for picture in read_explained(file)]
        for stage in ("cam", "lime")
    )
    pictures = joined(cam, lime)
    pairs, ranks = agreement_table(pictures, thresholds, settings["area"], seed), correlation_table(pictures)
    truth = truth_table(pictures, thresholds, seed)
    interval = (settings["confidence"], settings["draws"], seed)
    write_table(snakemake.output.pairs, pairs)
    write_table(snakemake.output.ranks, ranks)
    write_table(snakemake.output.summary, agreement_summary(pairs, ranks, *interval))
    write_table(snakemake.output.truth, truth)
    write_table(snakemake.output.truth_summary, truth_summary(truth, *interval))
