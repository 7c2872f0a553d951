"""Read MNIST, after downloading it where that is asked for."""

from pathlib import Path
from typing import TYPE_CHECKING

from lucidag.data.mnist import load
from lucidag.data.store import store
from lucidag.ground.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake

    snakemake: Snakemake

with job(snakemake):
    settings = snakemake.params.settings
    source = load(
        root=settings["root"],
        download=settings["download"],
        train=settings["train"],
        val=settings["val"],
        test=settings["test"],
    )
    store(Path(snakemake.output.manifest).parent, source, settings["corrupt_labels"], settings["seed"])
