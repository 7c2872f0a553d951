# Units and concepts: what each unit of some layers detects: by a CLIP or annotations, and by Network Dissection.
#
# Requires: models/{model}/checkpoint.safetensors, a probe set's data/{dataset}/…; for the join with roles
#           features/{model}/test.safetensors and rof/{model}/roles.csv.
# Produces: clip/{clip}/… (a small CLIP, embeddings), dissect/{model}/{layer}.csv, {layer}-ranking.csv, {layer}.json,
#           statistics.safetensors, overlaps.safetensors, activations.npy, the same of its untrained twin under
#           untrained/, {layer}-untrained.csv, summary.json, concept_roles.csv, …;
#           dissect/{a}-vs-{b}.json; figures/dissect/….


rule dissect:
    input:
        every("dissect/{model}/summary.json", model=plan.layers),
        every("dissect/{pair}.json", pair=plan.pairs),
        every("dissect/{model}/role_tests.json", model=plan.joined),
        every(
            "clip/{clip}/zero_shot.json",
            clip=set(plan.trained_clips),
        ),


rule clip_train:
    """Train a small CLIP on drawn scenes and their captions, and test what it says of images it has not seen."""
    input:
        dataset=lambda wildcards: plan.data_files(
            CONFIG.clips[wildcards.clip].train.dataset
        ),
    output:
        config=f"{R}/clip/{{clip}}/open_clip_config.json",
        weights=f"{R}/clip/{{clip}}/open_clip_model.safetensors",
        history=f"{R}/clip/{{clip}}/history.csv",
        zero_shot=shown(
            f"{R}/clip/{{clip}}/zero_shot.json", "zero_shot", "zero-shot accuracy"
        ),
    log:
        f"{R}/logs/clip_train/{{clip}}.log",
    wildcard_constraints:
        clip=one_of(plan.trained_clips),
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(480, gpu=1),
    params:
        **made_by("clip_train"),
    script:
        "../workflow/scripts/clip_train.py"


rule clip_embed:
    """Embed the images of a probe set, and the words that its units may be called."""
    input:
        unpack(
            lambda wildcards: {
                "dataset": plan.data_files(wildcards.dataset),
                "concepts": given(plan.concept_files),
                "published": given(clip_weight_files(CONFIG.clips[wildcards.clip])),
            }
            | plan.clip_files(wildcards.clip)
        ),
    output:
        images=f"{R}/clip/{{clip}}/{{dataset}}/images.npy",
        texts=f"{R}/clip/{{clip}}/{{dataset}}/texts.npy",
        about=f"{R}/clip/{{clip}}/{{dataset}}/embeddings.json",
    log:
        f"{R}/logs/clip_embed/{{clip}}/{{dataset}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240, gpu=1),
    params:
        **made_by("clip_embed"),
    script:
        "../workflow/scripts/clip_embed.py"


rule dissect_passes:
    """Run a model, or its untrained twin, over the probe set: activations of all units, and their overlap with labels."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        dataset=lambda wildcards: plan.data_files(plan.probe(wildcards.model)),
    output:
        statistics=f"{R}/dissect/{{model}}{{twin}}/statistics.safetensors",
        activations=f"{R}/dissect/{{model}}{{twin}}/activations.npy",
        overlaps=(
            [f"{R}/dissect/{{model}}{{twin}}/overlaps.safetensors"]
            if NETDISSECT in plan.concept_methods
            else []
        ),
    log:
        f"{R}/logs/dissect_passes/{{model}}{{twin}}.log",
    wildcard_constraints:
        model=one_of([] if plan.probe_shards else plan.layers),
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("dissect_passes"),
    script:
        "../workflow/scripts/dissect_passes.py"


rule dissect_activations_shard:
    """Run a model over a shard of the probe set: activations of all units."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        dataset=lambda wildcards: plan.data_files(plan.probe(wildcards.model)),
    output:
        part=temp(f"{R}/dissect/{{model}}{{twin}}/shards/{{shard}}.safetensors"),
        activations=temp(f"{R}/dissect/{{model}}{{twin}}/shards/{{shard}}.npy"),
    log:
        f"{R}/logs/dissect_activations_shard/{{model}}{{twin}}/{{shard}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("dissect_activations_shard", "dissect_passes"),
    script:
        "../workflow/scripts/dissect_activations_shard.py"


rule dissect_activations_merge:
    """Join what the units said of the shards of the probe set: the same bytes as without shards."""
    input:
        parts=lambda wildcards: plan.passed_shards(
            wildcards.model, ".safetensors", wildcards.twin
        ),
        activations=lambda wildcards: plan.passed_shards(
            wildcards.model, ".npy", wildcards.twin
        ),
    output:
        statistics=f"{R}/dissect/{{model}}{{twin}}/statistics.safetensors",
        activations=f"{R}/dissect/{{model}}{{twin}}/activations.npy",
    log:
        f"{R}/logs/dissect_activations_merge/{{model}}{{twin}}.log",
    wildcard_constraints:
        model=one_of(plan.layers if plan.probe_shards else []),
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
    params:
        **made_by("dissect_activations_merge", "dissect_passes"),
        # Shards are gone once they are joined: what they were made with is kept here.
        shard_code=code_of("dissect_activations_shard"),
    script:
        "../workflow/scripts/dissect_activations_merge.py"


rule dissect_overlaps_shard:
    """Run a model over a shard of the probe set again: its units' overlap with the label maps."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        dataset=lambda wildcards: plan.data_files(plan.probe(wildcards.model)),
        # The thresholds of all images.
        statistics=f"{R}/dissect/{{model}}{{twin}}/statistics.safetensors",
    output:
        overlaps=temp(
            f"{R}/dissect/{{model}}{{twin}}/shards/{{shard}}-overlaps.safetensors"
        ),
    log:
        f"{R}/logs/dissect_overlaps_shard/{{model}}{{twin}}/{{shard}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("dissect_overlaps_shard", "dissect_passes"),
    script:
        "../workflow/scripts/dissect_overlaps_shard.py"


rule dissect_overlaps_merge:
    """Add up the overlaps of all shards of the probe set."""
    input:
        overlaps=lambda wildcards: plan.passed_shards(
            wildcards.model, "-overlaps.safetensors", wildcards.twin
        ),
    output:
        overlaps=f"{R}/dissect/{{model}}{{twin}}/overlaps.safetensors",
    log:
        f"{R}/logs/dissect_overlaps_merge/{{model}}{{twin}}.log",
    wildcard_constraints:
        model=one_of(plan.layers if plan.probe_shards else []),
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
    params:
        **made_by("dissect_overlaps_merge", "dissect_passes"),
        # Shards are gone once they are joined: what they were made with is kept here.
        shard_code=code_of("dissect_overlaps_shard"),
    script:
        "../workflow/scripts/dissect_overlaps_merge.py"


rule dissect_labels:
    """Label the units of one layer by every method, and rank them."""
    input:
        unpack(lambda wildcards: plan.label_inputs(wildcards.model)),
    output:
        table=f"{R}/dissect/{{model}}/{{layer}}.csv",
        ranking=f"{R}/dissect/{{model}}/{{layer}}-ranking.csv",
        untrained=(
            [f"{R}/dissect/{{model}}/{{layer}}-untrained.csv"] if plan.twins else []
        ),
        about=f"{R}/dissect/{{model}}/{{layer}}.json",
    log:
        f"{R}/logs/dissect_labels/{{model}}/{{layer}}.log",
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        **made_by("dissect_labels"),
    script:
        "../workflow/scripts/dissect_labels.py"


rule dissect_summary:
    """Count what the units of one model detect, in each layer and in all."""
    input:
        unpack(lambda wildcards: plan.passes(wildcards.model, activations=False)),
        tables=lambda wildcards: plan.layer_files(wildcards.model, ".csv"),
        about=lambda wildcards: plan.layer_files(wildcards.model, ".json"),
        untrained=lambda wildcards: (
            plan.layer_files(wildcards.model, "-untrained.csv") if plan.twins else []
        ),
    output:
        summary=shown(
            f"{R}/dissect/{{model}}/summary.json", "dissect_summary", "summary"
        ),
    log:
        f"{R}/logs/dissect_summary/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("dissect_summary"),
    script:
        "../workflow/scripts/dissect_summary.py"


rule dissect_compare:
    """Compare two models by what their units detect."""
    input:
        a=lambda wildcards: plan.layer_files(plan.pairs[wildcards.pair][0], ".csv"),
        b=lambda wildcards: plan.layer_files(plan.pairs[wildcards.pair][1], ".csv"),
        summaries=lambda wildcards: [
            f"{R}/dissect/{model}/summary.json" for model in plan.pairs[wildcards.pair]
        ],
    output:
        comparison=shown(f"{R}/dissect/{{pair}}.json", "dissect_compare", "comparison"),
    log:
        f"{R}/logs/dissect_compare/{{pair}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("dissect_compare"),
    script:
        "../workflow/scripts/dissect_compare.py"


rule dissect_roles:
    """Join what the penultimate units detect with their roles in retrieval of function."""
    input:
        unpack(lambda wildcards: plan.passes(wildcards.model, overlaps=False)),
        features=f"{R}/features/{{model}}/test.safetensors",
        roles=f"{R}/rof/{{model}}/roles.csv",
        tables=lambda wildcards: plan.layer_files(wildcards.model, ".csv"),
    output:
        units=f"{R}/dissect/{{model}}/unit_roles.csv",
        concepts=shown(
            f"{R}/dissect/{{model}}/concept_roles.csv",
            "concept_roles",
            "concepts and roles",
        ),
        tests=f"{R}/dissect/{{model}}/role_tests.json",
    log:
        f"{R}/logs/dissect_roles/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("dissect_roles"),
    script:
        "../workflow/scripts/dissect_roles.py"
