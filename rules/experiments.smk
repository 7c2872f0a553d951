# Experiments: models side by side, and what the factors of a grid do.
#
# Requires: models/{model}/evaluation.json and history.csv, data/{dataset}/manifest.csv, and of what the configuration
#           asks for rof/…, dissect/{model}/{layer}.csv, localisation/…, agreement/…, faithfulness/…, shortcuts/….
# Produces: experiments.csv, experiments.json, experiments/costs.csv, factors.csv, factors.json;
#           figures/experiments/{grid}/factors, table, curves.


rule experiments:
    input:
        f"{R}/experiments.csv",
        f"{R}/experiments/costs.csv",  # after a failure all are there but this
        f"{R}/experiments/factors.csv",
        every("figures/experiments/{grid}/factors.png", grid=plan.families_of_models),


rule compare_models:
    """Put all models into one table: what differs between them, and what was measured of each."""
    input:
        **{kind: list(files.values()) for kind, files in compared_files(plan).items()},
    output:
        table=shown(f"{R}/experiments.csv", "experiments", "models side by side"),
        about=f"{R}/experiments.json",
        # Seconds and memory differ from run to run, so they stand apart.
        costs=shown(f"{R}/experiments/costs.csv", "costs", "costs"),
    log:
        f"{R}/logs/compare_models/report.log",
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(10),
    params:
        **made_by("compare_models"),
        whose=lambda wildcards: {
            kind: list(files) for kind, files in compared_files(plan).items()
        },
        digests=lambda wildcards: digests_of_code(plan, code_of),
        left=lambda wildcards: no_longer_asked(PLACE, plan),
    script:
        "../workflow/scripts/compare_models.py"


rule compare_factors:
    """Say what each factor of a grid does to each outcome, networks as the sample."""
    input:
        table=rules.compare_models.output.table,
        about=rules.compare_models.output.about,
    output:
        factors=shown(f"{R}/experiments/factors.csv", "factors", "what factors do"),
        sentences=f"{R}/experiments/factors.json",
    log:
        f"{R}/logs/compare_factors/report.log",
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(10),
    params:
        **made_by("compare_factors"),
    script:
        "../workflow/scripts/compare_factors.py"


rule figures_experiments:
    """Draw the models of a family: outcomes by factor, a table for a paper, the courses of all trainings."""
    input:
        table=rules.compare_models.output.table,
        about=rules.compare_models.output.about,
        histories=lambda wildcards: plan.histories(
            plan.families_of_models[wildcards.grid]
        ),
    output:
        **figure(
            "experiments/{grid}/NAME",
            factors=("outcomes by factor", "factors"),
            table=("table", "experiments"),
            curves=("trainings", "curves"),
        ),
    log:
        f"{R}/logs/figures_experiments/{{grid}}.log",
    wildcard_constraints:
        grid=one_of(plan.families_of_models),
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_experiments", "experiment_figures"),
    script:
        "../workflow/scripts/figures_experiments.py"
