"""Train one model and keep its checkpoint and the history of its epochs."""

from pathlib import Path

from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.digest import digest_of
from lucidag.ground.files import discard
from lucidag.ground.job import WARNING, job, say
from lucidag.ground.tables import write_rows
from lucidag.models.diverged import divergence
from lucidag.models.history import HISTORY_COLUMNS, read_history
from lucidag.models.network import checkpoint_metadata, open_network
from lucidag.models.prepare import prepare
from lucidag.models.settings import Train
from lucidag.models.train import train
from lucidag.models.weights import load_weights, save_checkpoint

with job(snakemake):
    settings = snakemake.params.settings
    manifest = read_manifest(snakemake.input.dataset[0])
    how = Train.model_validate(settings["train"])
    network = open_network(settings, len(manifest.classes), how.seed)
    prepare(network.model, how)
    if settings["weights"] is not None:
        chosen = (settings["weights"], network.head, settings["fresh_head"], settings["architecture"])
        for sentence in load_weights(network.model, *chosen, settings["weights_part"]):
            say(sentence)
    # Not an output: it must outlive a killed job, and it is gone when all of these are written.
    state = Path(snakemake.output.checkpoint).with_name("training.safetensors")
    everything = digest_of(settings, snakemake.params.code, snakemake.input)
    with lease(snakemake.resources.gpu) as device:
        rest = (settings["outlive_divergence"], settings["groups"])
        history = train(network.model, manifest, network.inputs, how, device, state, everything, *rest)
    write_rows(snakemake.output.history, HISTORY_COLUMNS, history)
    problem = divergence(read_history(snakemake.output.history))
    if problem is not None:
        say(f"{WARNING}{snakemake.wildcards.model}: {problem}")
    save_checkpoint(snakemake.output.checkpoint, network.model, checkpoint_metadata(settings, manifest.classes))
    discard(state)
