# Discovery: artefacts without a finder, as kinds of relevance maps inside a class and units that go with them.
#
# Requires: models/{model}/checkpoint.safetensors, features/{model}/{val,test}.safetensors, data/{dataset}/…; to test
#           what is proposed a study of a shortcut.
# Produces: discovery/{model}.csv, {model}-images.csv, {model}-units.csv, {model}.json; figures/discovery/{model};
#           shortcuts/{study}/proposals.csv, proposals-images.csv, proposals.json.


rule discovery:
    input:
        every("discovery/{model}.json", model=plan.discovered),
        every("shortcuts/{study}/proposals.json", study=plan.tested),


rule discover:
    """Look for kinds of relevance maps inside each class, and for units and columns that go with them."""
    input:
        dataset=lambda wildcards: plan.model_data(wildcards.model),
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        features=[
            f"{R}/features/{{model}}/val.safetensors",
            f"{R}/features/{{model}}/test.safetensors",
        ],
    output:
        kinds=shown(f"{R}/discovery/{{model}}.csv", "discovery", "kinds of maps"),
        images=f"{R}/discovery/{{model}}-images.csv",
        units=f"{R}/discovery/{{model}}-units.csv",
        report=f"{R}/discovery/{{model}}.json",
    log:
        f"{R}/logs/discover/{{model}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("discover"),
    script:
        "../workflow/scripts/discover.py"


rule shortcut_proposals:
    """Test what is proposed: paste its regions into other images, take them out, and set its units to 0."""
    input:
        networks=lambda wildcards: [
            plan.checkpoint(model) for model in studied_models(CONFIG, wildcards.study)
        ],
        datasets=lambda wildcards: [
            plan.model_data(model)[0] for model in plan.tested[wildcards.study]
        ],
        features=lambda wildcards: [
            plan.at("features", model, "test.safetensors")
            for model in plan.tested[wildcards.study]
        ],
        images=lambda wildcards: plan.proposals(wildcards.study, "images"),
        units=lambda wildcards: plan.proposals(wildcards.study, "units"),
    output:
        table=shown(
            f"{R}/shortcuts/{{study}}/proposals.csv", "proposals", "tested proposals"
        ),
        cells=f"{R}/shortcuts/{{study}}/proposals-images.csv",
        notes=f"{R}/shortcuts/{{study}}/proposals.json",
    log:
        f"{R}/logs/shortcut_proposals/{{study}}.log",
    wildcard_constraints:
        study=one_of(plan.tested),
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(120),
    params:
        **made_by("shortcut_proposals"),
    script:
        "../workflow/scripts/shortcut_proposals.py"


rule figures_discovery:
    """Draw the images and the mean maps of what was proposed."""
    input:
        images=f"{R}/discovery/{{model}}-images.csv",
        report=f"{R}/discovery/{{model}}.json",
        dataset=lambda wildcards: plan.model_data(wildcards.model),
    output:
        **figure("discovery/{model}", png=("proposed kinds", "discovery_figure")),
    log:
        f"{R}/logs/figures_discovery/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_discovery", "discover_figures"),
    script:
        "../workflow/scripts/figures_discovery.py"
