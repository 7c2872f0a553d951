"""Compare every two methods on a model's images."""

from lucidag.explain.agreement.agreement import agreement_table, correlation_table
from lucidag.explain.agreement.images import read_images
from lucidag.explain.agreement.nothing import not_compared
from lucidag.explain.agreement.summary import agreement_summary
from lucidag.explain.no_class import marked, without_class
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_table

with job(snakemake):
    settings = snakemake.params.settings
    images = read_images(snakemake.input.maps, settings["methods"])
    pairs = agreement_table(images, settings["thresholds"], settings["area"], settings["seed"])
    ranks = correlation_table(images)
    for sentence in not_compared(pairs):
        say(f"agreement of the methods of {snakemake.wildcards.model}: {sentence}")
    interval = (settings["confidence"], settings["resamples"], settings["seed"], settings["hand_picked"])
    free = without_class(images)
    write_table(snakemake.output.pairs, marked(pairs, free))
    write_table(snakemake.output.ranks, marked(ranks, free))
    write_table(snakemake.output.summary, marked(agreement_summary(pairs, ranks, *interval), free))
