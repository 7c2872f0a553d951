"""Show repaired networks and those beside them the same images, with artefacts and without."""

from lucidag.artefacts.repair.repaired import material
from lucidag.artefacts.repair.settings import ORIGINAL, Repairing
from lucidag.artefacts.repair.stage import TEST, run_report
from lucidag.artefacts.study import clean_images, open_networks, target_indices
from lucidag.data.features import read_features
from lucidag.data.manifest import read_manifest
from lucidag.ground.device import lease
from lucidag.ground.files import write_json
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_table

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    asked = Repairing.picked(settings)
    manifest = read_manifest(snakemake.input.dataset[0])
    networks, classes = open_networks(settings["networks"], snakemake.input.networks)
    arms = {own: {name: networks[name] for name in names} for own, names in settings["sets"].items()}
    made = {
        name: material(read_features(file), manifest, name, asked)
        for name, file in zip(arms[ORIGINAL], snakemake.input.features, strict=True)
    }
    targets = target_indices(dict(asked.pasted.items()), classes, f"repair.{snakemake.wildcards.repair}: pasted")
    clean = dict.fromkeys(asked.columns, asked.absent)
    images = clean_images(manifest, TEST, clean, asked.images, asked.seed) if targets else {}
    with lease(snakemake.resources.gpu) as device:
        found = run_report(arms, made, manifest, images, targets, asked, device, snakemake.threads)
    write_table(out.effects, found.effects)
    write_table(out.accuracy, found.accuracy)
    write_table(out.probabilities, found.probabilities)
    for sentence in found.summary["notes"]:
        say(f"repair {snakemake.wildcards.repair}: {sentence}")
    write_json(out.summary, found.summary)
