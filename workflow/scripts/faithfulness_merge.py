"""Join what was measured of some images each, and compare the methods over all of them."""

from lucidag.explain.faithfulness.summary import write_summary
from lucidag.ground.job import job, say
from lucidag.ground.join import join_rows

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    join_rows(out["values"], snakemake.input["values"])
    join_rows(out.curves, snakemake.input.curves)
    interval = (settings["confidence"], settings["resamples"], settings["measuring"]["seed"], settings["hand_picked"])
    for sentence in write_summary(out["values"], out.pairs, out.ranking, *interval):
        say(f"faithfulness of the methods of {snakemake.wildcards.model}: {sentence}")
