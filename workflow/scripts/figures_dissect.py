"""Draw what the units of one or two models detect: concepts with several units, unique concepts by category."""

from pathlib import Path

from lucidag.figures.concepts import categories, units_per_concept
from lucidag.figures.style import save
from lucidag.ground.files import read_json
from lucidag.ground.job import job
from lucidag.units.compare.summary import circular_columns
from lucidag.units.labels.counts import labelled_rows
from lucidag.units.labels.unit_tables import read_model
from lucidag.units.names import TITLES

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    summaries = {summary["model"]: summary for summary in map(read_json, snakemake.input.summaries)}
    files = {model: [file for file in snakemake.input.tables if Path(file).parent.name == model] for model in summaries}
    tables = {model: read_model(files[model], summary["layers"]) for model, summary in summaries.items()}
    for place, method in enumerate(settings["methods"]):
        counted = {model: labelled_rows(table, method) for model, table in tables.items()}
        what = f"{TITLES[method]}, confirmed labels"
        circular = circular_columns(list(summaries.values()), method)
        what += f", circular: {', '.join(circular)}" if circular else ""
        save(
            units_per_concept(counted, settings["min_units_per_concept"], what=what),
            out.concepts[place],
            out.concepts_pdf[place],
        )
        save(categories(summaries, method), out.categories[place], out.categories_pdf[place])
