"""Take foreign weights into a network of the configuration, after checking that they fit."""

from lucidag.data.manifest import read_manifest
from lucidag.ground.job import job, say
from lucidag.models.network import checkpoint_metadata, open_network
from lucidag.models.weights import load_weights, save_checkpoint

with job(snakemake):
    settings = snakemake.params.settings
    classes = settings["classes"] or read_manifest(snakemake.input.dataset[0]).classes
    network = open_network(settings, len(classes))
    chosen = (settings["weights"], network.head, settings["fresh_head"], settings["architecture"])
    for sentence in load_weights(network.model, *chosen, settings["weights_part"]):
        say(sentence)
    save_checkpoint(snakemake.output.checkpoint, network.model, checkpoint_metadata(settings, classes))
