# Explanations of single images by all methods, how far they agree, and how far they find what masks show.
#
# Requires: models/{model}/checkpoint.safetensors and the images: their own files, or data/{dataset}/….
# Produces: explanations/{model}/maps/{family}/{batch}.safetensors;
#           explanations/{model}/{method}/{image}.png, .mask.png, .npy, .json;
#           explanations/{model}/checks.csv;
#           explanations/{model}/lime/tuning.csv, seconds.csv, tuned.yaml;
#           agreement/{model}.csv, {model}-spearman.csv, {model}-summary.csv;
#           localisation/{model}.csv, {model}-summary.csv.


rule explain:
    input:
        [
            f"{R}/explanations/{model}/{method}/{image}.png"
            for model, images in plan.explained.items()
            for method in plan.methods(model)
            for image in images
        ],
        every("explanations/{model}/checks.csv", model=plan.checked),
        every("explanations/{model}/lime/tuned.yaml", model=plan.tuned),
        every("agreement/{model}.csv", model=plan.explained),
        every("localisation/{model}.csv", model=plan.explained),


rule explanations:
    """Explain some images by the methods of one family."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        images=lambda wildcards: image_files(
            wildcards.model,
            plan.batches(wildcards.model, wildcards.family)[wildcards.batch],
        ),
    output:
        maps=f"{R}/explanations/{{model}}/maps/{{family}}/{{batch}}.safetensors",
    log:
        f"{R}/logs/explanations/{{model}}/{{family}}/{{batch}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("explanations"),
    script:
        "../workflow/scripts/explanations.py"


# A job has the files of some images by name, so each such group of images has a rule of its own, but for models that
# the same methods explain on them.
for NUMBER, (ALIKE, BATCH) in enumerate(plan.drawings):

    rule:
        """Write the maps of some images: drawn, as mask, as numbers, and what is known of them."""
        name:
            f"explanation_images_{NUMBER}" if NUMBER else "explanation_images"
        input:
            maps=lambda wildcards, batch=BATCH: plan.maps(
                wildcards.model,
                plan.families(wildcards.model),
                plan.drawing_jobs(wildcards.model)[batch],
            ),
        output:
            drawings=[
                f"{R}/explanations/{{model}}/{name}/{image}.png"
                for image in plan.drawing_jobs(ALIKE[0])[BATCH]
                for name in plan.methods(ALIKE[0])
            ],
            masks=[
                f"{R}/explanations/{{model}}/{name}/{image}.mask.png"
                for image in plan.drawing_jobs(ALIKE[0])[BATCH]
                for name in plan.methods(ALIKE[0])
            ],
            maps=[
                f"{R}/explanations/{{model}}/{name}/{image}.npy"
                for image in plan.drawing_jobs(ALIKE[0])[BATCH]
                for name in plan.methods(ALIKE[0])
            ],
            records=[
                f"{R}/explanations/{{model}}/{name}/{image}.json"
                for image in plan.drawing_jobs(ALIKE[0])[BATCH]
                for name in plan.methods(ALIKE[0])
            ],
        log:
            f"{R}/logs/explanation_images/{{model}}/{BATCH}.log",
        wildcard_constraints:
            model=one_of(ALIKE),
        conda:
            "../envs/tables.yaml"
        resources:
            runtime=growing(5),
        params:
            **made_by("explanation_images", batch=BATCH),
        script:
            "../workflow/scripts/explanation_images.py"


rule explanation_checks:
    """Compare the explanations of some images with those of the libraries that have the same methods."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        images=lambda wildcards: image_files(
            wildcards.model, plan.checked[wildcards.model]
        ),
        maps=lambda wildcards: plan.maps(
            wildcards.model,
            plan.families(wildcards.model),
            plan.checked[wildcards.model],
        ),
        decisions=lambda wildcards: plan.checked_units(wildcards.model),
    output:
        checks=shown(
            f"{R}/explanations/{{model}}/checks.csv",
            "checks",
            "comparison with libraries",
        ),
    log:
        f"{R}/logs/explanation_checks/{{model}}.log",
    wildcard_constraints:
        model=one_of(plan.checked),
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        **heavy(60, gpu=checking_gpus),
    params:
        **made_by("explanation_checks"),
    script:
        "../workflow/scripts/explanation_checks.py"


rule lime_tune:
    """Search for settings of LIME that find the masks of the explained images, and write them as configuration."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        images=lambda wildcards: image_files(
            wildcards.model, plan.explained[wildcards.model]
        ),
    output:
        tuned=f"{R}/explanations/{{model}}/lime/tuned.yaml",
        trials=shown(
            f"{R}/explanations/{{model}}/lime/tuning.csv",
            "lime_tuning",
            "LIME settings tried",
        ),
        # They differ from run to run, so they stand apart.
        seconds=f"{R}/explanations/{{model}}/lime/seconds.csv",
    log:
        f"{R}/logs/lime_tune/{{model}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("lime_tune"),
    script:
        "../workflow/scripts/lime_tune.py"


rule agreement:
    """Compare every two methods on the images of a model."""
    input:
        maps=lambda wildcards: plan.compared("agreement", wildcards.model),
    output:
        pairs=f"{R}/agreement/{{model}}.csv",
        ranks=f"{R}/agreement/{{model}}-spearman.csv",
        summary=shown(f"{R}/agreement/{{model}}-summary.csv", "agreement", "agreement"),
    log:
        f"{R}/logs/agreement/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(60),
    params:
        **made_by("agreement"),
    script:
        "../workflow/scripts/agreement.py"


rule localisation:
    """Grade each method by the masks of a model's images, beside two baselines; no rows where there are none."""
    input:
        maps=lambda wildcards: plan.compared("localisation", wildcards.model),
    output:
        grades=f"{R}/localisation/{{model}}.csv",
        summary=shown(
            f"{R}/localisation/{{model}}-summary.csv", "localisation", "localisation"
        ),
    log:
        f"{R}/logs/localisation/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(60),
    params:
        **made_by("localisation"),
    script:
        "../workflow/scripts/localisation.py"
