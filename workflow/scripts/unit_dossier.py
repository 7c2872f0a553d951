"""Join what every analysis says of the units of a layer of a model."""

from pathlib import Path

from lucidag.ground.files import write_json
from lucidag.ground.job import job
from lucidag.ground.tables import write_table
from lucidag.units.dossier.join import about, dossier
from lucidag.units.dossier.stage import not_told_by_numbers, parts_of

with job(snakemake):
    settings, files = snakemake.params.settings, dict(snakemake.input.items())
    model, layer = snakemake.wildcards.model, snakemake.wildcards.layer
    results = Path(snakemake.output.dossier).parents[2]
    asked = settings.get("role_metric"), settings["confidence"], settings["seed"]
    parts = list(parts_of(files, layer, results, *asked))
    notes = not_told_by_numbers(files)
    write_table(snakemake.output.dossier, dossier(parts))
    write_json(snakemake.output.about, about(model, layer, parts, settings["absent"], notes))
