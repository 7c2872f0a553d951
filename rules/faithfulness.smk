# Faithfulness: what the network does where explanations say that it matters.
#
# Requires: models/{model}/checkpoint.safetensors and the images that `explain` names; the maps of all methods, of
#           which those of slow ones are measured as they are.
# Produces: faithfulness/{model}.csv, {model}-curves.csv, {model}-pairs.csv, {model}-ranking.csv, {model}-floors.csv.


rule faithfulnesses:
    input:
        every("faithfulness/{model}.csv", model=plan.measured),


rule faithfulness:
    """Measure the explanations of a model's images by all metrics, compared with two controls."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        images=lambda wildcards: image_files(
            wildcards.model, plan.explained[wildcards.model]
        ),
        stored=plan.stored,
        maps=lambda wildcards: plan.compared("faithfulness", wildcards.model),
    output:
        values=f"{R}/faithfulness/{{model}}.csv",
        curves=f"{R}/faithfulness/{{model}}-curves.csv",
        pairs=f"{R}/faithfulness/{{model}}-pairs.csv",
        ranking=shown(
            f"{R}/faithfulness/{{model}}-ranking.csv", "faithfulness", "faithfulness"
        ),
        floors=shown(
            f"{R}/faithfulness/{{model}}-floors.csv",
            "floors",
            "floors of randomisation",
        ),
    log:
        f"{R}/logs/faithfulness/{{model}}.log",
    wildcard_constraints:
        model=one_of(plan.measured_whole),
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("faithfulness"),
    script:
        "../workflow/scripts/faithfulness.py"


rule faithfulness_shard:
    """Measure the explanations of some of a model's images."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        images=lambda wildcards: image_files(
            wildcards.model, plan.measured[wildcards.model][wildcards.shard]
        ),
        stored=plan.stored,
    output:
        values=temp(f"{R}/faithfulness/{{model}}/shards/{{shard}}.csv"),
        curves=temp(f"{R}/faithfulness/{{model}}/shards/{{shard}}-curves.csv"),
    log:
        f"{R}/logs/faithfulness_shard/{{model}}/{{shard}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("faithfulness_shard"),
    script:
        "../workflow/scripts/faithfulness_shard.py"


rule faithfulness_merge:
    """Join what was measured of some images each, and compare the methods: the same bytes as without shards."""
    input:
        values=lambda wildcards: plan.measured_files(wildcards.model, ".csv"),
        curves=lambda wildcards: plan.measured_files(wildcards.model, "-curves.csv"),
        maps=lambda wildcards: plan.compared("faithfulness", wildcards.model),
    output:
        values=f"{R}/faithfulness/{{model}}.csv",
        curves=f"{R}/faithfulness/{{model}}-curves.csv",
        pairs=f"{R}/faithfulness/{{model}}-pairs.csv",
        ranking=shown(
            f"{R}/faithfulness/{{model}}-ranking.csv", "faithfulness", "faithfulness"
        ),
        floors=shown(
            f"{R}/faithfulness/{{model}}-floors.csv",
            "floors",
            "floors of randomisation",
        ),
    log:
        f"{R}/logs/faithfulness_merge/{{model}}.log",
    wildcard_constraints:
        model=one_of(set(plan.measured) - set(plan.measured_whole)),
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        **made_by("faithfulness_merge", "faithfulness"),
        # Shards are gone once they are joined: what they were made with is kept here.
        shard_code=code_of("faithfulness_shard"),
    script:
        "../workflow/scripts/faithfulness_merge.py"
