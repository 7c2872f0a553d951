"""Write the page of all results."""

from pathlib import Path

from lucidag.atlas.about import About
from lucidag.atlas.build import Size, page
from lucidag.atlas.contents import Contents
from lucidag.atlas.listed import findings_of
from lucidag.atlas.results import Results
from lucidag.ground.files import write_text
from lucidag.ground.job import job, say

with job(snakemake):
    settings = snakemake.params.settings
    contents = Contents(**settings["contents"])
    results = Results(Path(snakemake.output.page).parent.parent, settings["files"])
    about = About.read(settings["about"])
    size = Size(**settings["size"])
    html = page(results, contents, size, about, others=snakemake.params.others)
    if len(html) > size.megabytes * 1e6:
        say(f"atlas/index.html takes {len(html) / 1e6:.1f} MB, more than report.atlas.megabytes, {size.megabytes:g}")
    write_text(snakemake.output.page, html)
    write_text(snakemake.output.findings, findings_of(html))
