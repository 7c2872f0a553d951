# Claims of earlier projects, each held against what this configuration measures.
#
# Requires: the tables that measure them, of those that the configuration makes, and those that others published:
#           see lucidag/config/claimed.py.
# Produces: claims.csv, claims.json.


rule claims:
    """Hold each claim against the tables, and say whether it is reproduced."""
    input:
        measured=lambda wildcards: [
            file for files in claim_files(plan).values() for file in files
        ],
        published=lambda wildcards: given(listable(published_files(plan))),
    output:
        table=shown(f"{R}/claims.csv", "claims", "claims and what was measured"),
        about=f"{R}/claims.json",
    log:
        f"{R}/logs/claims/report.log",
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(10),
    params:
        **made_by("claims"),
        # How many of what is measured, in its order, are of which kind and name.
        whose=lambda wildcards: {
            key: len(files) for key, files in claim_files(plan).items()
        },
        configuration=SOURCE,
    script:
        "../workflow/scripts/claims.py"
