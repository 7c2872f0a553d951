# Explanations of single images: class activation maps, LIME, and how far they agree and are right.
#
# Requires: models/{model}/checkpoint.safetensors and the images: their own files, or data/{dataset}/….
# Produces: cam/{model}/{method}/{image}.png, .mask.png, .npy; lime/{model}/{image}.png, .mask.png, .npy, .json;
#           lime/{model}/tuning.csv, tuned.yaml; agreement/{model}.csv, {model}-spearman.csv, {model}-summary.csv,
#           {model}-truth.csv, {model}-truth-summary.csv.


rule explain:
    input:
        [
            f"{R}/cam/{model}/{method}/{image}.png"
            for model, images in plan.explained.items()
            for method in plan.cam_methods
            for image in images
        ],
        [
            f"{R}/lime/{model}/{image}.png"
            for model, batches in plan.lime_batches.items()
            for images in batches.values()
            for image in images
        ],
        expand("{results}/lime/{model}/tuned.yaml", results=R, model=plan.tuned),
        expand("{results}/agreement/{model}.csv", results=R, model=plan.explained),


rule cam_maps:
    """Make the class activation maps of some images by every method, with one forward pass an image."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        frames=lambda wildcards: plan.image_files(
            wildcards.model, plan.cam_batches[wildcards.model][wildcards.batch]
        ),
    output:
        maps=f"{R}/cam/{{model}}/maps/{{batch}}.safetensors",
    log:
        f"{R}/logs/cam_maps/{{model}}/{{batch}}.log",
    benchmark:
        f"{R}/benchmarks/cam_maps/{{model}}/{{batch}}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        gpu=gpus,
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        settings=settings("cam_maps"),
        code=code_of("cam_maps"),
    script:
        "../workflow/scripts/cam_maps.py"


rule cam_images:
    """Write the maps of one image: as overlay, as grey mask and as numbers."""
    input:
        maps=lambda wildcards: f"{R}/cam/{wildcards.model}/maps/{batch_of(plan.cam_batches[wildcards.model], wildcards.image)}.safetensors",
    output:
        overlays=[
            f"{R}/cam/{{model}}/{method}/{{image}}.png" for method in plan.cam_methods
        ],
        masks=[
            f"{R}/cam/{{model}}/{method}/{{image}}.mask.png"
            for method in plan.cam_methods
        ],
        maps=[
            f"{R}/cam/{{model}}/{method}/{{image}}.npy" for method in plan.cam_methods
        ],
    log:
        f"{R}/logs/cam_images/{{model}}/{{image}}.log",
    benchmark:
        f"{R}/benchmarks/cam_images/{{model}}/{{image}}.tsv"
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(5),
    params:
        settings=settings("cam_images"),
        code=code_of("cam_images"),
    script:
        "../workflow/scripts/cam_images.py"


rule lime_fits:
    """Explain some images by LIME, each with its own settings."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        frames=lambda wildcards: plan.image_files(
            wildcards.model, plan.lime_batches[wildcards.model][wildcards.batch]
        ),
    output:
        fits=f"{R}/lime/{{model}}/fits/{{batch}}.safetensors",
    log:
        f"{R}/logs/lime_fits/{{model}}/{{batch}}.log",
    benchmark:
        f"{R}/benchmarks/lime_fits/{{model}}/{{batch}}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        gpu=gpus,
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        settings=settings("lime_fits"),
        code=code_of("lime_fits"),
    script:
        "../workflow/scripts/lime_fits.py"


rule lime_images:
    """Write LIME's explanation of one image: outlines, mask, numbers, and the record that makes it again."""
    input:
        fits=lambda wildcards: f"{R}/lime/{wildcards.model}/fits/{batch_of(plan.lime_batches[wildcards.model], wildcards.image)}.safetensors",
    output:
        outlines=f"{R}/lime/{{model}}/{{image}}.png",
        mask=f"{R}/lime/{{model}}/{{image}}.mask.png",
        map=f"{R}/lime/{{model}}/{{image}}.npy",
        record=f"{R}/lime/{{model}}/{{image}}.json",
    log:
        f"{R}/logs/lime_images/{{model}}/{{image}}.log",
    benchmark:
        f"{R}/benchmarks/lime_images/{{model}}/{{image}}.tsv"
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(5),
    params:
        settings=settings("lime_images"),
        code=code_of("lime_images"),
    script:
        "../workflow/scripts/lime_images.py"


rule lime_tune:
    """Search for settings of LIME that find the masks of the explained images, and write them as configuration."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        frames=lambda wildcards: plan.image_files(
            wildcards.model, plan.explained[wildcards.model]
        ),
    output:
        tuned=f"{R}/lime/{{model}}/tuned.yaml",
        trials=report(
            f"{R}/lime/{{model}}/tuning.csv",
            caption="../workflow/report/lime_tuning.rst",
            category="Explanations",
            subcategory="{model}",
            labels={"result": "LIME settings tried", "kind": "table"},
        ),
    log:
        f"{R}/logs/lime_tune/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/lime_tune/{{model}}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        gpu=gpus,
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        settings=settings("lime_tune"),
        code=code_of("lime_tune"),
    script:
        "../workflow/scripts/lime_tune.py"


rule agreement:
    """Compare every two methods, and each with the masks where there are any."""
    input:
        cam=lambda wildcards: plan.maps(wildcards.model),
        lime=lambda wildcards: plan.fits(wildcards.model),
    output:
        pairs=f"{R}/agreement/{{model}}.csv",
        ranks=f"{R}/agreement/{{model}}-spearman.csv",
        summary=report(
            f"{R}/agreement/{{model}}-summary.csv",
            caption="../workflow/report/agreement.rst",
            category="Explanations",
            subcategory="{model}",
            labels={"result": "agreement", "kind": "table"},
        ),
        truth=f"{R}/agreement/{{model}}-truth.csv",
        truth_summary=report(
            f"{R}/agreement/{{model}}-truth-summary.csv",
            caption="../workflow/report/truth.rst",
            category="Explanations",
            subcategory="{model}",
            labels={"result": "graded by masks", "kind": "table"},
        ),
    log:
        f"{R}/logs/agreement/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/agreement/{{model}}.tsv"
    conda:
        "../envs/tables.yaml"
    resources:
        runtime=growing(60),
    params:
        settings=settings("agreement"),
        code=code_of("agreement"),
    script:
        "../workflow/scripts/agreement.py"
