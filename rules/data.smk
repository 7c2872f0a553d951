# Data sets: one rule a source, all with the same outputs.
#
# Requires: for `mnist` and `folder`, the files that the configuration names.
# Produces: data/{dataset}/manifest.csv, dataset.json and, for arrays, images.safetensors.


rule data:
    input:
        expand(
            "{results}/data/{dataset}/manifest.csv", results=R, dataset=CONFIG.datasets
        ),


rule data_digits:
    """Take the digits that scikit-learn ships."""
    output:
        manifest=f"{R}/data/{{dataset}}/manifest.csv",
        summary=f"{R}/data/{{dataset}}/dataset.json",
        images=f"{R}/data/{{dataset}}/images.safetensors",
    log:
        f"{R}/logs/data_digits/{{dataset}}.log",
    benchmark:
        f"{R}/benchmarks/data_digits/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.datasets_from("digits")),
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("data"),
        code=code_of("data_digits"),
    script:
        "../workflow/scripts/data_digits.py"


rule data_lesions:
    """Draw dermoscopic images with planted artefacts."""
    output:
        manifest=f"{R}/data/{{dataset}}/manifest.csv",
        summary=f"{R}/data/{{dataset}}/dataset.json",
        images=f"{R}/data/{{dataset}}/images.safetensors",
    log:
        f"{R}/logs/data_lesions/{{dataset}}.log",
    benchmark:
        f"{R}/benchmarks/data_lesions/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.datasets_from("lesions")),
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("data"),
        code=code_of("data_lesions"),
    script:
        "../workflow/scripts/data_lesions.py"


rule data_scenes:
    """Draw scenes with masks of every concept."""
    output:
        manifest=f"{R}/data/{{dataset}}/manifest.csv",
        summary=f"{R}/data/{{dataset}}/dataset.json",
        images=f"{R}/data/{{dataset}}/images.safetensors",
    log:
        f"{R}/logs/data_scenes/{{dataset}}.log",
    benchmark:
        f"{R}/benchmarks/data_scenes/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.datasets_from("scenes")),
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("data"),
        code=code_of("data_scenes"),
    script:
        "../workflow/scripts/data_scenes.py"


rule data_mnist:
    """Read MNIST, after downloading it where that is asked for."""
    input:
        lambda wildcards: dataset_files(CONFIG.datasets[wildcards.dataset]),
    output:
        manifest=f"{R}/data/{{dataset}}/manifest.csv",
        summary=f"{R}/data/{{dataset}}/dataset.json",
        images=f"{R}/data/{{dataset}}/images.safetensors",
    log:
        f"{R}/logs/data_mnist/{{dataset}}.log",
    benchmark:
        f"{R}/benchmarks/data_mnist/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.datasets_from("mnist")),
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        settings=settings("data"),
        code=code_of("data_mnist"),
    script:
        "../workflow/scripts/data_mnist.py"


rule data_folder:
    """Check every image of a folder or CSV and list it."""
    input:
        lambda wildcards: dataset_files(CONFIG.datasets[wildcards.dataset]),
    output:
        manifest=f"{R}/data/{{dataset}}/manifest.csv",
        summary=f"{R}/data/{{dataset}}/dataset.json",
    log:
        f"{R}/logs/data_folder/{{dataset}}.log",
    benchmark:
        f"{R}/benchmarks/data_folder/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.datasets_from("folder")),
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        settings=settings("data"),
        code=code_of("data_folder"),
    script:
        "../workflow/scripts/data_folder.py"


rule data_polygons:
    """Read images with object polygons and paint their label maps."""
    input:
        lambda wildcards: dataset_files(CONFIG.datasets[wildcards.dataset]),
    output:
        manifest=f"{R}/data/{{dataset}}/manifest.csv",
        summary=f"{R}/data/{{dataset}}/dataset.json",
        concepts=f"{R}/data/{{dataset}}/concepts.safetensors",
    log:
        f"{R}/logs/data_polygons/{{dataset}}.log",
    benchmark:
        f"{R}/benchmarks/data_polygons/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=one_of(plan.datasets_from("polygons")),
    conda:
        "../envs/tables.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        settings=settings("data"),
        code=code_of("data_polygons"),
    script:
        "../workflow/scripts/data_polygons.py"
