# Models: trained or imported checkpoints, the features they give, and how well they do.
#
# Requires: data/{dataset}/…, and the file that `weights` names.
# Produces: models/{model}/checkpoint.safetensors, history.csv, import.json, evaluation.json and
#           features/{model}/{split}.safetensors.


rule models:
    input:
        every("models/{model}/evaluation.json", model=CONFIG.models),


rule train:
    """Train a network from its seed."""
    input:
        dataset=lambda wildcards: plan.model_data(wildcards.model),
        weights=lambda wildcards: given(weight_files(CONFIG.models[wildcards.model])),
    output:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        history=shown(f"{R}/models/{{model}}/history.csv", "history", "training"),
    log:
        f"{R}/logs/train/{{model}}.log",
    wildcard_constraints:
        model=one_of(plan.trained),
    priority: soon
    conda:
        "../envs/torch.yaml"
    threads: lambda wildcards: CONFIG.models[wildcards.model].train.threads
    resources:
        **heavy(720),
    params:
        **made_by("train"),
    script:
        "../workflow/scripts/train.py"


rule import_model:
    """Take weights as they are, after checking that they fit."""
    input:
        dataset=lambda wildcards: plan.class_data(wildcards.model),
        weights=lambda wildcards: given(weight_files(CONFIG.models[wildcards.model])),
    output:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
    log:
        f"{R}/logs/import_model/{{model}}.log",
    wildcard_constraints:
        model=one_of(plan.imported),
    priority: soon
    conda:
        "../envs/torch.yaml"
    params:
        **made_by("import_model", "import"),
    script:
        "../workflow/scripts/import_model.py"


rule features:
    """Keep what the last linear layer sees, and the logits, for every image of every split."""
    input:
        dataset=lambda wildcards: plan.model_data(wildcards.model),
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
    output:
        train=f"{R}/features/{{model}}/train.safetensors",
        val=f"{R}/features/{{model}}/val.safetensors",
        test=f"{R}/features/{{model}}/test.safetensors",
    log:
        f"{R}/logs/features/{{model}}.log",
    wildcard_constraints:
        model=one_of(set(CONFIG.models) - set(plan.feature_shards)),
    priority: soon
    conda:
        "../envs/torch.yaml"
    threads: threads_of
    resources:
        **heavy(240),
    params:
        **made_by("features"),
    script:
        "../workflow/scripts/features.py"


rule features_shard:
    """Keep what `features` keeps, for one of several parts of every split."""
    input:
        dataset=lambda wildcards: plan.model_data(wildcards.model),
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
    output:
        train=temp(f"{R}/features/{{model}}/shards/train-{{shard}}.safetensors"),
        val=temp(f"{R}/features/{{model}}/shards/val-{{shard}}.safetensors"),
        test=temp(f"{R}/features/{{model}}/shards/test-{{shard}}.safetensors"),
    log:
        f"{R}/logs/features_shard/{{model}}/{{shard}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("features_shard", "features"),
    script:
        "../workflow/scripts/features_shard.py"


rule features_merge:
    """Join the shards of the features: the same bytes as without shards."""
    input:
        train=lambda wildcards: plan.shards_of_features(wildcards.model, "train"),
        val=lambda wildcards: plan.shards_of_features(wildcards.model, "val"),
        test=lambda wildcards: plan.shards_of_features(wildcards.model, "test"),
    output:
        train=f"{R}/features/{{model}}/train.safetensors",
        val=f"{R}/features/{{model}}/val.safetensors",
        test=f"{R}/features/{{model}}/test.safetensors",
    log:
        f"{R}/logs/features_merge/{{model}}.log",
    wildcard_constraints:
        model=one_of(plan.feature_shards),
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
    params:
        **made_by("features_merge", "features"),
        # Shards are gone once they are joined: what they were made with is kept here.
        shard_code=code_of("features_shard"),
    script:
        "../workflow/scripts/features_merge.py"


rule check_import:
    """Ask whether an imported network is fed and read as in its training: other inputs, another order of classes."""
    input:
        dataset=lambda wildcards: plan.model_data(wildcards.model),
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        features=rules.features.output,
    output:
        check=f"{R}/models/{{model}}/import.json",
    log:
        f"{R}/logs/check_import/{{model}}.log",
    wildcard_constraints:
        model=one_of(plan.imported),
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(60),
    params:
        **made_by("check_import"),
    script:
        "../workflow/scripts/check_import.py"


rule evaluate:
    """Measure accuracy and its relatives, per split, class and group."""
    input:
        features=rules.features.output,
        checks=lambda wildcards: plan.import_checks(wildcards.model),
        # Which epoch was kept, and of a family, what diverged; a model that is alone fails then.
        history=lambda wildcards: plan.training(wildcards.model),
    output:
        evaluation=shown(
            f"{R}/models/{{model}}/evaluation.json",
            "evaluation",
            "evaluation",
            kind="table",
        ),
    log:
        f"{R}/logs/evaluate/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(5),
    params:
        **made_by("evaluate"),
    script:
        "../workflow/scripts/evaluate.py"
