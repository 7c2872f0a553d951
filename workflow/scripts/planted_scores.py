"""Score what labels, effects, roles, relevance and attributions say of one model's planted units."""

from lucidag.ground.files import write_json
from lucidag.ground.job import job
from lucidag.ground.tables import read_table, write_table
from lucidag.planted.labels import label_table
from lucidag.planted.stage import all_scores, report
from lucidag.units.labels.unit_tables import read_units
from lucidag.units.settings import Draws

with job(snakemake):
    asked = Draws.picked(snakemake.params.settings)
    tables = {name: read_table(file) for name, file in snakemake.input.items() if name != "units"}
    labels = label_table(tables["truth"], read_units(snakemake.input.units))
    scores = all_scores(tables, labels, asked)
    write_table(snakemake.output.labels, labels)
    write_table(snakemake.output.scores, scores)
    write_json(snakemake.output.report, report(tables["truth"], scores))
