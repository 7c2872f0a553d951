"""Compare two models by what their units detect."""

from lucidag.ground.files import read_json, write_json
from lucidag.ground.job import job
from lucidag.units.compare.two_models import compare
from lucidag.units.labels.unit_tables import read_model
from lucidag.units.settings import Comparison

with job(snakemake):
    summaries = [read_json(file) for file in snakemake.input.summaries]
    a, b = (
        read_model(files, summary["layers"])
        for files, summary in zip((snakemake.input.a, snakemake.input.b), summaries, strict=True)
    )
    found = compare(a, b, Comparison.picked(snakemake.params.settings))
    names = {"a": summaries[0]["model"], "b": summaries[1]["model"]}
    write_json(snakemake.output.comparison, {**names, **found})
