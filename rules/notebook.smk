# The notebook: one page through all results, with a section for each analysis that the configuration asks for.
#
# Requires: the tables and figures that it shows, and nothing else: see lucidag/report/contents.py.
# Produces: report.ipynb, report.html.


rule notebook:
    """Write the notebook of all results, run it, and write it as a page."""
    input:
        [f"{R}/{file}" for file in files_shown(notebook(plan))],
    output:
        notebook=f"{R}/report.ipynb",
        page=shown(f"{R}/report.html", "notebook", "notebook"),
    log:
        f"{R}/logs/notebook/report.log",
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
    params:
        **made_by("notebook"),
    script:
        "../workflow/scripts/notebook.py"
