# Relevance of units: which units the decision about an image rests on (CRP); that of pixels is in explain.smk.
#
# Requires: models/{model}/checkpoint.safetensors and the images that `explain` names.
# Produces: relevance/{model}/crp/references.safetensors, {image}.safetensors; figures/relevance/{model}/{image}.


rule relevance:
    input:
        [
            f"{R}/relevance/{model}/crp/{image}.safetensors"
            for model, images in plan.atlas.items()
            for image in images
        ],


rule relevance_references:
    """Find the images where each unit of a layer is most relevant, and where it is most active."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        dataset=lambda wildcards: plan.model_data(wildcards.model),
    output:
        references=f"{R}/relevance/{{model}}/crp/references.safetensors",
    log:
        f"{R}/logs/relevance_references/{{model}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("relevance_references"),
    script:
        "../workflow/scripts/relevance_references.py"


rule relevance_atlas:
    """Find the units that the decision about one image rests on."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        images=lambda wildcards: image_files(wildcards.model, [wildcards.image]),
        references=f"{R}/relevance/{{model}}/crp/references.safetensors",
        dataset=lambda wildcards: plan.model_data(wildcards.model),
    output:
        decision=f"{R}/relevance/{{model}}/crp/{{image}}.safetensors",
    log:
        f"{R}/logs/relevance_atlas/{{model}}/{{image}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("relevance_atlas"),
    script:
        "../workflow/scripts/relevance_atlas.py"
