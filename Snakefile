# lucidag: what each unit of an image classifier does, and why the classifier decided what it did.
#
#     snakemake --cores 4 --resources gpu=1                        the embedded default
#     snakemake --cores 4 --configfile config/mnist.yaml           another configuration
#     snakemake -n                                                 what would run
#
# This file only composes: the stages are in rules/, their work in workflow/scripts/ and lucidag/.

from snakemake.utils import min_version

min_version("9.0")


if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/models.smk"
include: "rules/rof.smk"
include: "rules/explain.smk"
include: "rules/relevance.smk"
include: "rules/faithfulness.smk"
include: "rules/dissect.smk"
include: "rules/units.smk"
include: "rules/planted.smk"
include: "rules/artefacts.smk"
include: "rules/discover.smk"
include: "rules/repair.smk"
include: "rules/experiments.smk"
include: "rules/claims.smk"
include: "rules/figures.smk"
include: "rules/atlas.smk"
include: "rules/notebook.smk"
include: "rules/verify.smk"


rule all:
    default_target: True
    input:
        rules.data.input,
        rules.models.input,
        rules.rof.input,
        rules.explain.input,
        rules.relevance.input,
        rules.faithfulnesses.input,
        rules.dissect.input,
        rules.units.input,
        rules.planted.input,
        rules.artefacts.input,
        rules.discovery.input,
        rules.repair.input,
        rules.experiments.input if CONFIG.members else [],
        rules.claims.output if workflow.is_main_process and claims_of(plan) else [],
        rules.figures.input,
        rules.atlas.output if CONFIG.report.atlas else [],
        rules.notebook.output if CONFIG.report.notebook else [],
