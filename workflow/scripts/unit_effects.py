"""Take each unit in front of a model's last layer away, and say what its classes and groups lose."""

from lucidag.data.features import read_splits
from lucidag.ground.files import write_json
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_table
from lucidag.units.effects.settings import Units
from lucidag.units.effects.stage import PICKED, REPORTED, run_effects
from lucidag.units.effects.told import told

with job(snakemake):
    settings = Units.picked(snakemake.params.settings)
    found = run_effects(read_splits(snakemake.input, required=("test",)), settings)
    for note in (*found.report["notes"], told(found.table, PICKED, REPORTED)):
        say(f"effects of the units in front of the last layer of {snakemake.wildcards.model}: {note}")
    write_table(snakemake.output.effects, found.table)
    write_table(snakemake.output.sets, found.sets)
    write_json(snakemake.output.report, found.report)
