"""Write the page of all results."""

from pathlib import Path

from lucidag.atlas.about import About
from lucidag.atlas.build import Size, page
from lucidag.atlas.contents import Contents
from lucidag.atlas.results import Results
from lucidag.ground.files import write_text
from lucidag.ground.job import job

with job(snakemake):
    settings = snakemake.params.settings
    contents = Contents(**settings["contents"])
    results = Results(Path(snakemake.output.page).parent.parent, settings["files"])
    about = About.read({"configuration": "", **settings["about"]})
    write_text(snakemake.output.page, page(results, contents, Size(**settings["size"]), about))
