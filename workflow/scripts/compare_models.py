"""Put all models of a configuration into one table, with what they cost beside it."""

from pathlib import Path

from lucidag.experiments.costs import COLUMNS, costs_of
from lucidag.experiments.read import read_row
from lucidag.experiments.table import experiments_json, experiments_table
from lucidag.ground.files import write_json
from lucidag.ground.job import job
from lucidag.ground.tables import write_rows, write_table

with job(snakemake, differing=("costs",)):
    settings, params, out = snakemake.params.settings, snakemake.params, snakemake.output
    files = {kind: dict(zip(keys, snakemake.input.get(kind, []), strict=True)) for kind, keys in params.whose.items()}
    rows = [
        read_row(model, about | {"code": params.digests[model]}, files, settings)
        for model, about in settings["models"].items()
    ]
    write_table(out.table, experiments_table(rows))
    write_json(out.about, experiments_json(rows, settings["absent"], params.left))
    write_rows(out.costs, COLUMNS, [costs_of(model, Path(out.table).parent) for model in settings["models"]])
