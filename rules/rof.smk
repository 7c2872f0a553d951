# Retrieval of function: units ranked, switched on one by one, their turning points and roles.
#
# Requires: features/{model}/{split}.safetensors.
# Produces: rof/{model}/ranking.csv, sweep.csv, bands.csv, selection.csv, bootstrap.safetensors,
#           turning_points.json, roles.csv, points.csv and generalisation/{study}/….


rule rof:
    input:
        expand(
            "{results}/rof/{model}/{file}",
            results=R,
            model=EXAMINED,
            file=["turning_points.json", "roles.csv", "points.csv"],
        ),
        expand("{results}/generalisation/{study}/roles.csv", results=R, study=CONFIG.generalisation),


rule rank:
    """Order the units of the penultimate layer by each method, on each split."""
    input:
        rules.features.output,
    output:
        ranking=f"{R}/rof/{{model}}/ranking.csv",
    params:
        settings=settings("rank"),
        code=code_of("rank"),
    log:
        f"{R}/logs/rank/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/rank/{{model}}.tsv"
    conda:
        "../envs/tables.yaml"
    script:
        "../workflow/scripts/rank.py"


rule sweep:
    """Switch the units on in each order; accuracy and loss at every number of units."""
    input:
        rules.features.output,
        ranking=rules.rank.output.ranking,
    output:
        sweep=report(
            f"{R}/rof/{{model}}/sweep.csv",
            caption="../workflow/report/sweep.rst",
            category="Retrieval of function",
            subcategory="{model}",
            labels={"result": "sweep", "kind": "table"},
        ),
        bands=f"{R}/rof/{{model}}/bands.csv",
        selection=f"{R}/rof/{{model}}/selection.csv",
        bootstrap=f"{R}/rof/{{model}}/bootstrap.safetensors",
    params:
        settings=settings("sweep"),
        code=code_of("sweep"),
    log:
        f"{R}/logs/sweep/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/sweep/{{model}}.tsv"
    threads: 2
    resources:
        gpu=1,
    conda:
        "../envs/torch.yaml"
    script:
        "../workflow/scripts/sweep.py"
