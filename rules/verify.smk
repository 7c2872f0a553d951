# Verification: whether all results are what their jobs wrote.
#
# Requires: provenance/…, which every job leaves.
# Produces: nothing; it fails where a result does not belong.


rule verify:
    """Compare all results with what their jobs recorded."""
    log:
        f"{R}/logs/verify.log",
    conda:
        "../envs/tables.yaml"
    params:
        results=PLACE,
    script:
        "../workflow/scripts/verify.py"
