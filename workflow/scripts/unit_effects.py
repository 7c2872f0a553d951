"""Take each unit in front of a model's last layer away, and say what its classes and groups lose."""

from lucidag.data.features import read_splits
from lucidag.ground.files import write_json
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_table
from lucidag.units.effects.settings import Units
from lucidag.units.effects.stage import run_effects

with job(snakemake):
    settings = Units.picked(snakemake.params.settings)
    found = run_effects(read_splits(snakemake.input, required=("test",)), settings)
    for note in found.report["notes"]:
        say(f"effects of the units of {snakemake.wildcards.model}: {note}")
    write_table(snakemake.output.effects, found.table)
    write_table(snakemake.output.sets, found.sets)
    write_json(snakemake.output.report, found.report)
