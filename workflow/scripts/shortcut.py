"""Put an artefact into images and take it out: does a network that could learn the shortcut decide by it?"""

from lucidag.artefacts.removal import images_with, take_out
from lucidag.artefacts.study import clean_images, nothing_seen, open_networks, show_artefacts, summarise, target_indices
from lucidag.data.manifest import read_manifest
from lucidag.explain.methods.registry import titles
from lucidag.explain.stage import explainers
from lucidag.ground.device import lease
from lucidag.ground.files import write_json
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_table

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    manifest = read_manifest(snakemake.input.dataset[0])
    images = clean_images(manifest, settings["split"], settings["clean"], settings["images"])
    seen = images_with(manifest, settings["split"], settings["artefacts"], settings["images"])
    networks, classes = open_networks(settings["networks"], snakemake.input.networks)
    targets = target_indices(settings["artefacts"], classes)
    with lease(snakemake.resources.gpu) as device:
        relevance, pasted = show_artefacts(
            networks,
            images,
            targets,
            lambda network: explainers(settings["families"], network, device),
            settings["seed"],
            device,
            snakemake.threads,
        )
        taken_out = take_out(networks, seen, targets, device, snakemake.threads)
    write_table(out.relevance, relevance)
    write_table(out.probabilities, pasted)
    write_table(out.removal, taken_out)
    interval = (settings["confidence"], settings["resamples"], settings["seed"])
    methods = [method for family in settings["families"] for method in family["methods"]]
    summary = summarise(relevance, pasted, taken_out, settings["arms"], *interval)
    notes = nothing_seen(summary)
    for sentence in notes:
        say(f"shortcut {snakemake.wildcards.study}: {sentence}")
    write_json(out.summary, {**summary, "titles": titles(methods), "notes": notes})
