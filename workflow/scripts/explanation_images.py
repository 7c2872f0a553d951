"""Write the maps of one image: drawn, as mask, as numbers, and what is known of them."""

from lucidag.explain.store import pick, write_map
from lucidag.figures.drawing import drawn, mask_of
from lucidag.figures.overlay import write_png
from lucidag.ground.files import write_json
from lucidag.ground.job import job

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    found = [pick(file, snakemake.wildcards.image) for file in snakemake.input.maps]
    rows = zip(settings["methods"], out.drawings, out.masks, out.maps, out.records, strict=True)
    for method, drawing, mask, numbers, record in rows:
        # A method that this network has nothing for, such as attention, has an empty map.
        explained = next((each for each in found if method in each.maps), None) or found[0].without(method)
        write_png(drawing, drawn(explained, method))
        write_png(mask, mask_of(explained, method))
        write_map(numbers, explained.maps[method])
        write_json(record, explained.record)
