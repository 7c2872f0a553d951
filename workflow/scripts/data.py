"""Make a data set from what its source reads or draws."""

from pathlib import Path

from lucidag.data.source import DataSource
from lucidag.data.store import store
from lucidag.ground.job import job, say
from lucidag.ground.named import named

with job(snakemake):
    settings = snakemake.params.settings
    section = named(settings["source"], DataSource).model_validate(settings)
    source = section.load()
    for name, count in source.irregularities.items():
        print(f"{count} {name}")
    folder = Path(snakemake.output.manifest).parent
    known = section.notes()  # the start of the workflow has said these
    for sentence in store(folder, source, section.corrupt_labels, section.seed):
        say(f"datasets.{folder.name}: {sentence}", to_terminal=sentence not in known)
