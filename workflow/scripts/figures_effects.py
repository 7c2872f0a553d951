"""Draw what the classes of a model lose without the units that they need most."""

from lucidag.figures.effects import class_effects
from lucidag.figures.style import save
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

with job(snakemake):
    effects, sets = read_table(snakemake.input.effects), read_table(snakemake.input.sets)
    fig = class_effects(effects, sets, snakemake.params.settings["confidence"])
    save(fig, snakemake.output.png, snakemake.output.pdf)
