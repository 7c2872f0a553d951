"""Draw the shares of the roles against the generalisation gap of one study."""

from lucidag.figures.generalisation import shares_and_gap
from lucidag.figures.style import save
from lucidag.ground.files import read_json
from lucidag.ground.job import job
from lucidag.ground.tables import read_table

with job(snakemake):
    settings = snakemake.params.settings
    fig = shares_and_gap(
        read_table(snakemake.input.roles),
        read_json(snakemake.input.correlation),
        settings["role_metric"],
        settings["confidence"],
    )
    save(fig, snakemake.output.png, snakemake.output.pdf)
