# Retrieval of function: units ranked, switched on one by one, their turning points and roles.
#
# Requires: features/{model}/{split}.safetensors; of some networks also data set and checkpoint.
# Produces: rof/{model}/ranking.csv, sweep.csv, bands.csv, selection.csv, confusion.csv,
#           bootstrap.safetensors, turning_points.json, roles.csv, points.csv and generalisation/{study}/roles.csv,
#           correlation.json.


rule rof:
    input:
        every(
            "rof/{model}/{file}",
            model=plan.examined,
            file=["turning_points.json", "roles.csv", "points.csv"],
        ),
        every("generalisation/{study}/roles.csv", study=CONFIG.generalisation),


rule rank:
    """Order the units of the penultimate layer by each method, on each split."""
    input:
        rules.features.output,
    output:
        ranking=f"{R}/rof/{{model}}/ranking.csv",
    log:
        f"{R}/logs/rank/{{model}}.log",
    priority: soon
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(5),
    params:
        **made_by("rank"),
    script:
        "../workflow/scripts/rank.py"


rule sweep:
    """Switch the units on in each order; accuracy and loss at every number of units."""
    input:
        features=rules.features.output,
        ranking=rules.rank.output.ranking,
    output:
        sweep=shown(f"{R}/rof/{{model}}/sweep.csv", "sweep", "sweep"),
        bands=f"{R}/rof/{{model}}/bands.csv",
        selection=f"{R}/rof/{{model}}/selection.csv",
        confusion=f"{R}/rof/{{model}}/confusion.csv",
        bootstrap=f"{R}/rof/{{model}}/bootstrap.safetensors",
    log:
        f"{R}/logs/sweep/{{model}}.log",
    wildcard_constraints:
        model=one_of(set(CONFIG.models) - set(plan.gridded)),
    priority: soon
    conda:
        "../envs/torch.yaml"
    threads: threads_of
    resources:
        **heavy(240),
    params:
        **made_by("sweep"),
    script:
        "../workflow/scripts/sweep.py"


rule sweep_grid:
    """Switch the units on where logits are not linear in them, at a grid of k: the end of the network runs at each."""
    input:
        features=rules.features.output,
        ranking=rules.rank.output.ranking,
        dataset=lambda wildcards: plan.model_data(wildcards.model),
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
    output:
        sweep=shown(f"{R}/rof/{{model}}/sweep.csv", "sweep", "sweep"),
        bands=f"{R}/rof/{{model}}/bands.csv",
        selection=f"{R}/rof/{{model}}/selection.csv",
        bootstrap=f"{R}/rof/{{model}}/bootstrap.safetensors",
    log:
        f"{R}/logs/sweep_grid/{{model}}.log",
    wildcard_constraints:
        model=one_of(plan.gridded),
    priority: soon
    conda:
        "../envs/torch.yaml"
    threads: threads_of
    resources:
        **heavy(240),
    params:
        **made_by("sweep_grid"),
    script:
        "../workflow/scripts/sweep_grid.py"


rule turning_points:
    """Find where each curve turns, which units stand before that, and so the role of every unit."""
    input:
        sweep=rules.sweep.output.sweep,
        selection=rules.sweep.output.selection,
        bootstrap=rules.sweep.output.bootstrap,
        ranking=rules.rank.output.ranking,
    output:
        turning_points=shown(
            f"{R}/rof/{{model}}/turning_points.json",
            "turning_points",
            "turning points",
            kind="table",
        ),
        roles=shown(f"{R}/rof/{{model}}/roles.csv", "roles_table", "roles"),
        points=f"{R}/rof/{{model}}/points.csv",
    log:
        f"{R}/logs/turning_points/{{model}}.log",
    priority: soon
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(60),
    params:
        **made_by("turning_points"),
    script:
        "../workflow/scripts/turning_points.py"


rule generalisation:
    """Correlate the shares of the roles with the generalisation gap, over the models of a study."""
    input:
        roles=lambda wildcards: [
            f"{R}/rof/{model}/roles.csv" for model in plan.studied(wildcards.study)
        ],
        sweeps=lambda wildcards: [
            f"{R}/rof/{model}/sweep.csv" for model in plan.studied(wildcards.study)
        ],
    output:
        roles=shown(
            f"{R}/generalisation/{{study}}/roles.csv",
            "generalisation",
            "roles and gap",
        ),
        correlation=f"{R}/generalisation/{{study}}/correlation.json",
    log:
        f"{R}/logs/generalisation/{{study}}.log",
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(60),
    params:
        **made_by("generalisation"),
    script:
        "../workflow/scripts/generalisation.py"
