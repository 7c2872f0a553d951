"""Look for artefacts in every image of a data set, and ask what goes with the class."""

from lucidag.artefacts.audit import audit, nothing_found
from lucidag.artefacts.finders import scan
from lucidag.artefacts.settings import Audit
from lucidag.data.images import Images
from lucidag.data.manifest import read_manifest
from lucidag.ground.files import write_json
from lucidag.ground.job import job, say
from lucidag.ground.tables import write_table

with job(snakemake):
    asked = Audit.picked(snakemake.params.settings)
    manifest = read_manifest(snakemake.input[0])
    images = manifest.table["image"].tolist()
    scores = scan(images, Images(manifest).read, asked.finders, snakemake.threads)
    id_column = "id" if "id" in manifest.table.columns else None
    rows, found = audit(manifest.table, manifest.classes, scores, asked, id_column=id_column)
    for sentence in nothing_found(found["finders"]):
        say(f"artefacts in {snakemake.wildcards.dataset}: {sentence}")
    write_table(snakemake.output.images, rows)
    write_json(snakemake.output.audit, found)
