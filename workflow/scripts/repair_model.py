"""Take a shortcut out of one network, and keep it as a model of its own."""

from lucidag.artefacts.repair.head import put_head
from lucidag.artefacts.repair.repaired import material, repaired
from lucidag.artefacts.repair.settings import Repairing
from lucidag.data.features import read_features
from lucidag.data.manifest import read_manifest
from lucidag.ground.files import write_json
from lucidag.ground.job import job
from lucidag.models.network import checkpoint_metadata
from lucidag.models.trained import open_trained
from lucidag.models.weights import save_checkpoint

with job(snakemake):
    settings, name = snakemake.params.settings, snakemake.wildcards.model
    asked = Repairing.picked(settings)
    manifest = read_manifest(snakemake.input.dataset[0])
    made = material(read_features(snakemake.input.features), manifest, name, asked)
    network, classes = open_trained(settings, snakemake.input.checkpoint, needs_head=True)
    head, about = repaired(made, asked)
    put_head(network, head)
    save_checkpoint(snakemake.output.checkpoint, network.model, checkpoint_metadata(settings, classes))
    write_json(snakemake.output.about, about)
