"""Look for signs that an imported network is fed or read otherwise than in its training."""

from lucidag.data.features import read_splits
from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.files import write_json
from lucidag.ground.job import job, say
from lucidag.models.imported import check_import
from lucidag.models.trained import open_trained

with job(snakemake):
    settings = snakemake.params.settings
    manifest = read_manifest(snakemake.input.dataset[0])
    network, _ = open_trained(settings, snakemake.input.checkpoint)
    contents = read_splits(snakemake.input.features)
    with lease(snakemake.resources.gpu) as device:
        found = check_import(
            network, manifest, contents, settings["batch_size"], settings["seed"], device, snakemake.threads
        )
    for sentence in found["doubts"] + found["notes"]:
        say(f"models.{snakemake.wildcards.model}: {sentence}")
    write_json(snakemake.output.check, found)
