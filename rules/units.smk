# What each unit does: what classes and groups lose without it.
#
# Requires: features/{model}/{val,test}.safetensors; for inner layers models/{model}/checkpoint.safetensors, data/….
#           For the images of units the passes of a dissection and a CLIP.
#           For dossiers what there is of dissect/{model}/…, rof/{model}/…, relevance/{model}/….
# Produces: units/{model}/effects.csv, effects.json, sets.csv; inner/{layer}.csv, {layer}.json;
#           images.csv, images.safetensors, search.csv; regions.safetensors; {layer}.csv, {layer}.json.


rule units:
    input:
        every("units/{model}/effects.csv", model=plan.unit_models),
        [
            file
            for model in plan.unit_models
            for file in plan.unit_images(model) + plan.unit_search(model)
        ],
        [
            f"{R}/units/{model}/inner/{layer}.csv"
            for model, layers in plan.inner.items()
            for layer in layers
        ],
        [
            f"{R}/units/{model}/{layer}.csv"
            for model, layers in plan.dossiers.items()
            for layer in layers
        ],


rule unit_effects:
    """Take each unit in front of the last layer away, alone and in sets, and say what classes and groups lose."""
    input:
        val=f"{R}/features/{{model}}/val.safetensors",
        test=f"{R}/features/{{model}}/test.safetensors",
    output:
        effects=f"{R}/units/{{model}}/effects.csv",
        sets=shown(f"{R}/units/{{model}}/sets.csv", "unit_sets", "sets of units"),
        report=f"{R}/units/{{model}}/effects.json",
    log:
        f"{R}/logs/unit_effects/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        **made_by("unit_effects"),
    script:
        "../workflow/scripts/unit_effects.py"


rule unit_images:
    """Say what the top images of each unit have in common, in the space of a CLIP."""
    input:
        unpack(lambda wildcards: plan.passes(wildcards.model, overlaps=False)),
        embeddings=lambda wildcards: plan.embedding_files(wildcards.model),
    output:
        table=f"{R}/units/{{model}}/images.csv",
        embeddings=f"{R}/units/{{model}}/images.safetensors",
    log:
        f"{R}/logs/unit_images/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        **made_by("unit_images"),
    script:
        "../workflow/scripts/unit_images.py"


rule unit_search:
    """Find the units whose top images are most like some words."""
    input:
        unpack(lambda wildcards: plan.clip_files(plan.clip)),
        embeddings=rules.unit_images.output.embeddings,
        published=given(clip_weight_files(CONFIG.clips[plan.clip]) if plan.clip else []),
    output:
        table=shown(
            f"{R}/units/{{model}}/search.csv", "unit_search", "units found by words"
        ),
    log:
        f"{R}/logs/unit_search/{{model}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(60, gpu=1),
    params:
        **made_by("unit_search"),
    script:
        "../workflow/scripts/unit_search.py"


rule unit_effects_inner:
    """Take each unit of a layer inside of the network away, and say what classes and groups lose."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        dataset=lambda wildcards: plan.model_data(wildcards.model),
        val=f"{R}/features/{{model}}/val.safetensors",
        test=f"{R}/features/{{model}}/test.safetensors",
    output:
        effects=f"{R}/units/{{model}}/inner/{{layer}}.csv",
        report=f"{R}/units/{{model}}/inner/{{layer}}.json",
    log:
        f"{R}/logs/unit_effects_inner/{{model}}/{{layer}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(480),
    params:
        **made_by("unit_effects_inner"),
    script:
        "../workflow/scripts/unit_effects_inner.py"


rule unit_regions:
    """Keep where the units of a model are active in the images that activate them most."""
    input:
        unpack(
            lambda wildcards: plan.passes(
                wildcards.model, activations=False, overlaps=False
            )
        ),
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        dataset=lambda wildcards: plan.data_files(plan.probe(wildcards.model)),
    output:
        maps=f"{R}/units/{{model}}/regions.safetensors",
    log:
        f"{R}/logs/unit_regions/{{model}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("unit_regions"),
    script:
        "../workflow/scripts/unit_regions.py"


rule unit_dossier:
    """Join what every analysis says of the units of a layer: one row per unit."""
    input:
        unpack(lambda wildcards: dossier_inputs(plan, wildcards.model, wildcards.layer)),
    output:
        dossier=shown(f"{R}/units/{{model}}/{{layer}}.csv", "unit_dossier", "dossier"),
        about=f"{R}/units/{{model}}/{{layer}}.json",
    log:
        f"{R}/logs/unit_dossier/{{model}}/{{layer}}.log",
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
    params:
        **made_by("unit_dossier"),
    script:
        "../workflow/scripts/unit_dossier.py"
