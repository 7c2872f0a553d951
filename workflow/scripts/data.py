"""Make a data set from what its source reads or draws."""

from pathlib import Path

from lucidag.data.source import DataSource
from lucidag.data.store import store
from lucidag.ground.job import job
from lucidag.ground.named import named

with job(snakemake):
    settings = snakemake.params.settings
    section = named(settings["source"], DataSource).model_validate(settings)
    source = section.load()
    for name, count in source.irregularities.items():
        print(f"{count} {name}")
    store(Path(snakemake.output.manifest).parent, source, section.corrupt_labels, section.seed)
