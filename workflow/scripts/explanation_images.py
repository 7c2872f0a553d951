"""Write the maps of some images: drawn, as mask, as numbers, and what is known of them."""

from itertools import product

from lucidag.explain.store import read_explained, write_map
from lucidag.figures.drawing import drawn, mask_of
from lucidag.figures.overlay import write_png
from lucidag.ground.files import write_json
from lucidag.ground.job import job

with job(snakemake):
    settings, out = snakemake.params.settings, snakemake.output
    known = [explained for file in snakemake.input.maps for explained in read_explained(file)]
    of_each = {image: [each for each in known if each.image == image] for image in settings["images"]}
    files = zip(out.drawings, out.masks, out.maps, out.records, strict=True)
    for (image, method), paths in zip(product(settings["images"], settings["methods"]), files, strict=True):
        drawing, mask, numbers, record = paths
        found = of_each[image]
        # A method that this network has nothing for, such as attention, has an empty map.
        explained = next((each for each in found if method in each.maps), None) or found[0].without(method)
        write_png(drawing, drawn(explained, method))
        write_png(mask, mask_of(explained, method))
        write_map(numbers, explained.maps[method])
        write_json(record, explained.record)
