# Data sets: one text for all sources. Each source that is configured has a rule of its own, `data_{source}`, because
# only some make arrays or label maps.
#
# Requires: the files that a source of the configuration names.
# Produces: data/{dataset}/manifest.csv, dataset.json; for arrays images.safetensors, for files with label maps
# concepts.safetensors.


rule data:
    input:
        every("data/{dataset}/manifest.csv", dataset=CONFIG.datasets),


for KIND, NAMES in plan.sources.items():

    rule:
        """Make a data set from what its source reads or draws."""
        name:
            f"data_{KIND}"
        input:
            lambda wildcards: given(
                listable(CONFIG.datasets[wildcards.dataset].files())
            ),
        output:
            **plan.data_outputs(NAMES[0], "{dataset}"),
        log:
            f"{R}/logs/data_{KIND}/{{dataset}}.log",
        wildcard_constraints:
            dataset=one_of(NAMES),
        priority: soon
        conda:
            "../envs/tables.yaml"
        resources:
            **{
                name: growing(first)
                for name, first in CONFIG.datasets[NAMES[0]].resources.items()
            },
        params:
            **made_by("data"),
            unlisted=lambda wildcards: digests(
                CONFIG.datasets[wildcards.dataset].files()
            ),
        script:
            "../workflow/scripts/data.py"
