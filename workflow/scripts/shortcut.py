"""Put an artefact into images and take it out: does a network that could learn the shortcut decide by it?"""

from lucidag.artefacts.removal import images_with, take_out
from lucidag.artefacts.study import (
    clean_images,
    nothing_seen,
    open_networks,
    show_artefacts,
    summarise,
    target_indices,
    untrained_networks,
)
from lucidag.artefacts.study_settings import UNTRAINED, WITHOUT
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
    images = clean_images(manifest, settings["split"], settings["clean"], settings["images"], settings["seed"])
    seen = images_with(manifest, settings["split"], settings["artefacts"], settings["images"], settings["seed"])
    networks, classes = open_networks(settings["networks"], snakemake.input.networks)
    targets = target_indices(settings["artefacts"], classes)
    arms, twins = settings["arms"], {}
    with lease(snakemake.resources.gpu) as device:
        if settings["control"] is not None:
            originals = {name: networks[name] for name in arms[WITHOUT]}
            twins = untrained_networks(
                originals, settings["networks"], manifest, settings["seed"], device, snakemake.threads
            )
            arms = {**arms, UNTRAINED: list(twins)}
        shown = networks | {name: twin for name, (_, twin) in twins.items()}
        original = {name: name for name in networks} | {name: known for name, (known, _) in twins.items()}
        relevance, pasted = show_artefacts(
            shown,
            images,
            targets,
            lambda name: explainers(settings["families"], networks[original[name]], device, shown[name].model),
            settings["seed"],
            device,
            snakemake.threads,
        )
        taken_out = take_out(shown, seen, targets, device, snakemake.threads)
    write_table(out.relevance, relevance)
    write_table(out.probabilities, pasted)
    write_table(out.removal, taken_out)
    interval = (settings["confidence"], settings["resamples"], settings["seed"])
    methods = [method for family in settings["families"] for method in family["methods"]]
    summary = summarise(relevance, pasted, taken_out, arms, *interval)
    notes = nothing_seen(summary)
    for sentence in notes:
        say(f"shortcut {snakemake.wildcards.study}: {sentence}")
    write_json(out.summary, {**summary, "titles": titles(methods), "notes": notes})
