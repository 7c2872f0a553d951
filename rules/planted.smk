# Planted units: what each method says of units of known kinds, held against the truth.
#
# Requires: models/{model}/checkpoint.safetensors, the model's data set and the probe set of `dissect`,
#           dissect/{model}/units.csv and activations.npy; where they are asked for, units/{model}/effects.csv,
#           images.csv and images.safetensors, and rof/{model}/roles.csv.
# Produces: planted/{model}/truth.csv, relevance.csv, regions.csv, labels.csv, scores.csv, scores.json;
#           planted/summary.csv.


rule planted:
    input:
        every("planted/summary.csv") if plan.planted else [],


rule planted_truth:
    """Say what is true of planted units, and what relevance and attributions say of them."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        dataset=lambda wildcards: plan.model_data(wildcards.model),
        probe=lambda wildcards: plan.data_files(plan.probe(wildcards.model)),
    output:
        truth=shown(f"{R}/planted/{{model}}/truth.csv", "planted_truth", "truth"),
        relevance=f"{R}/planted/{{model}}/relevance.csv",
        regions=f"{R}/planted/{{model}}/regions.csv",
    log:
        f"{R}/logs/planted_truth/{{model}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        **heavy(60),
    params:
        **made_by("planted_truth"),
    script:
        "../workflow/scripts/planted_truth.py"


rule planted_scores:
    """Score what each method says of one model's planted units."""
    input:
        unpack(lambda wildcards: plan.planted_inputs(wildcards.model)),
    output:
        labels=f"{R}/planted/{{model}}/labels.csv",
        scores=f"{R}/planted/{{model}}/scores.csv",
        report=f"{R}/planted/{{model}}/scores.json",
    log:
        f"{R}/logs/planted_scores/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("planted_scores"),
    script:
        "../workflow/scripts/planted_scores.py"


rule planted_summary:
    """Put the scores of all models with planted units together."""
    input:
        labels=every("planted/{model}/labels.csv", model=plan.planted),
        scores=every("planted/{model}/scores.csv", model=plan.planted),
    output:
        summary=shown(f"{R}/planted/summary.csv", "planted_summary", "planted units"),
    log:
        f"{R}/logs/planted_summary/report.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("planted_summary"),
    script:
        "../workflow/scripts/planted_summary.py"
