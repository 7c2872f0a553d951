"""Draw the contact sheets of a model's maps, one for each family of methods."""

from pathlib import Path

from lucidag.explain.agreement.images import methods_of
from lucidag.explain.store import read_explained
from lucidag.figures.explanations import contact_sheet
from lucidag.figures.style import save
from lucidag.ground.job import job

with job(snakemake):
    files, out = list(map(Path, snakemake.input.maps)), snakemake.output
    for family, png, pdf in zip(snakemake.params.settings["families"], out.png, out.pdf, strict=True):
        images = [image for file in files if file.parent.name == family for image in read_explained(file)]
        layer = images[0].record.get("layer")
        title = f"{snakemake.wildcards.model}: {family}" + (f" at {layer}" if layer else "")
        save(contact_sheet(images, methods_of(images), title), png, pdf, true_colour=True)
