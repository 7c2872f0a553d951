# Discovery: artefacts without a finder, as kinds of relevance maps inside a class and units that go with them.
#
# Requires: models/{model}/checkpoint.safetensors, features/{model}/{val,test}.safetensors, data/{dataset}/….
# Produces: discovery/{model}.csv, {model}-images.csv, {model}-units.csv, {model}.json; figures/discovery/{model}.


rule discovery:
    input:
        every("discovery/{model}.json", model=plan.discovered),


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
