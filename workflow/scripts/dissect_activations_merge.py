"""Join what the units of one model said of the shards of a probe set."""

from lucidag.ground.job import job
from lucidag.units.passes.parts import join_activations, read_part, whole_of
from lucidag.units.passes.unit_statistics import write_pass

with job(snakemake):
    activations = snakemake.output.activations
    join_activations(activations, snakemake.input.activations)
    write_pass(snakemake.output.statistics, whole_of([read_part(file) for file in snakemake.input.parts], activations))
