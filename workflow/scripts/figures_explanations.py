"""Draw the contact sheet of a model's maps by the methods of one family."""

from lucidag.explain.agreement.images import methods_of
from lucidag.explain.store import read_explained
from lucidag.figures.explanations import contact_sheet
from lucidag.figures.style import save
from lucidag.ground.job import job

with job(snakemake):
    images = [image for file in snakemake.input.maps for image in read_explained(file)]
    layer = images[0].record.get("layer")
    title = f"{snakemake.wildcards.model}: {snakemake.wildcards.family}" + (f" at {layer}" if layer else "")
    save(contact_sheet(images, methods_of(images), title), snakemake.output.png, snakemake.output.pdf)
