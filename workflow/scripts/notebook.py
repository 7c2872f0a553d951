"""Write the notebook of all results, run it, and write it as a page."""

from pathlib import Path

from lucidag.ground.files import write_text
from lucidag.ground.job import job
from lucidag.report.contents import sections
from lucidag.report.notebook import build, execute, text_of
from lucidag.report.page import page

with job(snakemake):
    out = snakemake.output
    built = sections(snakemake.params.settings)
    done = execute(build(built), Path(out.notebook).parent)
    text, html = text_of(done), page(done, built[0].title)
    write_text(out.notebook, text)
    write_text(out.page, html)
