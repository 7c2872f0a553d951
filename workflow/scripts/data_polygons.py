"""Read images with object polygons, paint the label maps, and list them."""

from pathlib import Path
from typing import TYPE_CHECKING

from lucidag.data.polygons import load
from lucidag.data.store import store
from lucidag.ground.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    source = load(**{key: value for key, value in settings.items() if key != "corrupt_labels"})
    for name, count in source.irregularities.items():
        print(f"{count} {name}")
    store(Path(snakemake.output.manifest).parent, source, settings["corrupt_labels"], settings["seed"])
