"""Keep the penultimate features and the logits of one model for every image of every split."""

from lucidag.data.features import write_features
from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.job import job
from lucidag.models.extract import extract_splits
from lucidag.models.trained import open_trained

with job(snakemake):
    settings = snakemake.params.settings
    manifest = read_manifest(snakemake.input.dataset[0])
    network, _ = open_trained(settings, snakemake.input.checkpoint, settings["needs_head"])
    splits = list(snakemake.output.keys())
    with lease(snakemake.resources.gpu) as device:
        contents = extract_splits(network, manifest, splits, settings["groups"], device, settings["batch_size"])
    for split, content in contents.items():
        write_features(snakemake.output[split], content)
