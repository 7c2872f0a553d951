# Faithfulness: what the network does where explanations say that it matters.
#
# Requires: models/{model}/checkpoint.safetensors and the pictures that `explain` names; lime/{model}/fits/….
# Produces: faithfulness/{model}.csv, {model}-curves.csv, {model}-pairs.csv, {model}-ranking.csv.


rule faithfulnesses:
    input:
        expand("{results}/faithfulness/{model}.csv", results=R, model=MEASURED),


rule faithfulness:
    """Measure the explanations of a model's pictures by all metrics, beside two controls."""
    input:
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        pictures=lambda wildcards: explained_files(
            wildcards.model, EXPLAINED[wildcards.model]
        ),
        lime=stored_lime,
    output:
        values=f"{R}/faithfulness/{{model}}.csv",
        curves=f"{R}/faithfulness/{{model}}-curves.csv",
        pairs=f"{R}/faithfulness/{{model}}-pairs.csv",
        ranking=report(
            f"{R}/faithfulness/{{model}}-ranking.csv",
            caption="../workflow/report/faithfulness.rst",
            category="Explanations",
            subcategory="{model}",
            labels={"result": "faithfulness", "kind": "table"},
        ),
    log:
        f"{R}/logs/faithfulness/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/faithfulness/{{model}}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        gpu=gpus,
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        settings=settings("faithfulness"),
        code=code_of("faithfulness"),
    script:
        "../workflow/scripts/faithfulness.py"
