"""Take the digits that scikit-learn ships."""

from pathlib import Path
from typing import TYPE_CHECKING

from lucidag.data.digits import load
from lucidag.data.store import store
from lucidag.ground.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    source = load(splits=settings["splits"], seed=settings["seed"])
    store(Path(snakemake.output.manifest).parent, source, settings["corrupt_labels"], settings["seed"])
