"""Draw the contact sheet of one data set."""

from lucidag.data.manifest import read_manifest
from lucidag.figures.images import choose, contact_sheet, thumbnails
from lucidag.figures.style import save
from lucidag.ground.job import job

with job(snakemake):
    manifest = read_manifest(snakemake.input[0])
    chosen = choose(manifest, snakemake.params.settings["seed"])
    shown = sum(map(len, chosen.values()))
    title = (
        f"{snakemake.wildcards.dataset}: {shown} of {len(manifest.table):,} images, "
        f"{len(chosen)} of {len(manifest.classes)} classes"
    )
    save(contact_sheet(thumbnails(manifest, chosen), title), snakemake.output.png, snakemake.output.pdf)
