# The atlas: one page with a sentence for each analysis, and its evidence one click away.
#
# Requires: the tables, maps and images that it shows: see lucidag/config/page.py.
# Produces: atlas/index.html, and its sentences alone in atlas/findings.html.


rule atlas:
    """Write the page of all results."""
    input:
        [f"{R}/{file}" for file in atlas_files(plan)],
    output:
        page=shown(f"{R}/atlas/index.html", "atlas", "atlas"),
        findings=shown(f"{R}/atlas/findings.html", "findings", "findings"),
    log:
        f"{R}/logs/atlas/report.log",
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
    params:
        **made_by("atlas"),
        # Follows from the inputs' own jobs: when these change, they run, and so does this.
        others=lambda wildcards, input: made_by_others(input),
    script:
        "../workflow/scripts/atlas.py"
