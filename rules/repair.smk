# Repair: a shortcut taken out of networks, and what they do then.
#
# Requires: models/{original}/checkpoint.safetensors, features/{original}/{split}.safetensors, data/{dataset}/….
# Produces: models/{model}/checkpoint.safetensors, repair.json of repaired models, which are models like any other;
#           repair/{repair}/effects.csv, accuracy.csv, probabilities.csv, summary.json.


rule repair:
    input:
        every("repair/{repair}/summary.json", repair=CONFIG.repair),


rule repair_model:
    """Take a shortcut out of a network: by its last layer, trained again or blind for some units."""
    input:
        dataset=lambda wildcards: plan.model_data(wildcards.model),
        checkpoint=lambda wildcards: plan.checkpoint(plan.original(wildcards.model)),
        features=lambda wildcards: plan.repair_features(wildcards.model),
    output:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        about=f"{R}/models/{{model}}/repair.json",
    log:
        f"{R}/logs/repair_model/{{model}}.log",
    wildcard_constraints:
        model=one_of(plan.repaired),
    conda:
        "../envs/torch.yaml"
    resources:
        runtime=growing(60),
    params:
        **made_by("repair_model"),
    script:
        "../workflow/scripts/repair_model.py"


rule repair_report:
    """Paste artefacts into images of networks before and after the repair, of controls, and of networks without."""
    input:
        dataset=lambda wildcards: plan.model_data(
            repair_arms(CONFIG, wildcards.repair)["original"][0]
        ),
        networks=lambda wildcards: [
            plan.checkpoint(model)
            for models in repair_arms(CONFIG, wildcards.repair).values()
            for model in models
        ],
        features=lambda wildcards: [
            plan.repair_features(model)
            for model in repair_arms(CONFIG, wildcards.repair)["repaired"]
        ],
    output:
        effects=shown(f"{R}/repair/{{repair}}/effects.csv", "repair", "effects"),
        accuracy=shown(f"{R}/repair/{{repair}}/accuracy.csv", "repair", "accuracy"),
        probabilities=f"{R}/repair/{{repair}}/probabilities.csv",
        summary=f"{R}/repair/{{repair}}/summary.json",
    log:
        f"{R}/logs/repair_report/{{repair}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(120),
    params:
        **made_by("repair_report"),
    script:
        "../workflow/scripts/repair_report.py"
