"""Look for kinds of relevance maps inside each class of a model: something else that it decides by."""

from lucidag.artefacts.discover.maps import maps_of
from lucidag.artefacts.discover.settings import Discovery
from lucidag.artefacts.discover.stage import PICKED, TESTED, Shown, run_discovery
from lucidag.data.features import read_splits
from lucidag.data.manifest import read_manifest
from lucidag.explain.stage import explainers
from lucidag.ground.device import lease
from lucidag.ground.files import write_json
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_table
from lucidag.models.reproducible import reproducible
from lucidag.models.trained import open_trained

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    manifest = read_manifest(snakemake.input.dataset[0])
    contents = read_splits(snakemake.input.features, required=(PICKED, TESTED))
    network, _ = open_trained(settings, snakemake.input.checkpoint)
    with lease(snakemake.resources.gpu) as device:
        with reproducible(device, snakemake.threads):
            explainer = explainers(settings["families"], network, device)[0]
        shown = {
            split: Shown(content, maps_of(network, manifest, content, explainer, device, snakemake.threads))
            for split, content in contents.items()
        }
    found = run_discovery(shown, manifest, Discovery.picked(settings))
    write_table(out.kinds, found.kinds)
    write_table(out.images, found.images)
    write_table(out.units, found.units)
    for sentence in found.report["notes"]:
        say(f"discovery in {snakemake.wildcards.model}: {sentence}")
    write_json(out.report, found.report)
