"""Compare two models by what their units detect."""

from typing import TYPE_CHECKING

from lucidag.dissect.compare import compare
from lucidag.dissect.summary import common_thresholds
from lucidag.dissect.tables import read_model
from lucidag.files import read_json, write_json
from lucidag.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    summaries = [read_json(file) for file in snakemake.input.summaries]
    a, b = (
        read_model(files, summary["layers"])
        for files, summary in zip((snakemake.input.a, snakemake.input.b), summaries, strict=True)
    )
    found = compare(
        a,
        b,
        common_thresholds(summaries),
        settings["most_frequent"],
        settings["confidence"],
        settings["draws"],
        settings["seed"],
    )
    names = {"a": summaries[0]["model"], "b": summaries[1]["model"]}
    write_json(snakemake.output.comparison, {**names, **found})
