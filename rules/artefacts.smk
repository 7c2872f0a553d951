# Artefacts: what images show besides their subject, and how far that alone tells the class.
#
# Requires: data/{dataset}/…; for a study of a shortcut models/{model}/checkpoint.safetensors of two models.
# Produces: artefacts/{dataset}.csv, {dataset}.json; shortcuts/{study}/summary.json, relevance.csv, probabilities.csv,
#           removal.csv; figures/artefacts/{dataset}/odds, grades and examples; figures/shortcuts/{study}/shortcut.


rule artefacts:
    input:
        every("artefacts/{dataset}.json", dataset=plan.audited),
        every("shortcuts/{study}/summary.json", study=CONFIG.shortcuts),
        every("shortcuts/{study}/proposals.json", study=plan.tested),


rule artefact_audit:
    """Look for artefacts in every image, and test them and the metadata against the class."""
    input:
        lambda wildcards: plan.data_files(wildcards.dataset),
    output:
        images=f"{R}/artefacts/{{dataset}}.csv",
        audit=shown(f"{R}/artefacts/{{dataset}}.json", "artefact_audit", "audit"),
    log:
        f"{R}/logs/artefact_audit/{{dataset}}.log",
    conda:
        "../envs/tables.yaml"
    threads: 2
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        **made_by("artefact_audit"),
    script:
        "../workflow/scripts/artefact_audit.py"


rule figures_artefacts:
    """Draw what goes with the class, how good the finders are, and what they found."""
    input:
        images=f"{R}/artefacts/{{dataset}}.csv",
        audit=f"{R}/artefacts/{{dataset}}.json",
        dataset=lambda wildcards: plan.data_files(wildcards.dataset),
    output:
        **figure(
            "artefacts/{dataset}/NAME",
            odds=("association with the class", "artefact_odds"),
            grades=("finders against flags", "artefact_grades"),
            examples=("what finders found", "artefact_grades"),
        ),
    log:
        f"{R}/logs/figures_artefacts/{{dataset}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_artefacts", "artefact_figures"),
    script:
        "../workflow/scripts/figures_artefacts.py"


rule shortcut:
    """Paste artefacts into clean images and take them out of others: who looks at them, and who decides by them?"""
    input:
        networks=lambda wildcards: [
            plan.checkpoint(model) for model in studied_models(CONFIG, wildcards.study)
        ],
        dataset=lambda wildcards: plan.study_data(wildcards.study),
    output:
        summary=shown(f"{R}/shortcuts/{{study}}/summary.json", "shortcut", "shortcut"),
        relevance=f"{R}/shortcuts/{{study}}/relevance.csv",
        probabilities=f"{R}/shortcuts/{{study}}/probabilities.csv",
        removal=f"{R}/shortcuts/{{study}}/removal.csv",
    log:
        f"{R}/logs/shortcut/{{study}}.log",
    wildcard_constraints:
        study=one_of(CONFIG.shortcuts),
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("shortcut"),
    script:
        "../workflow/scripts/shortcut.py"


rule figures_shortcut:
    """Draw a study of a shortcut."""
    input:
        summary=f"{R}/shortcuts/{{study}}/summary.json",
    output:
        **figure("shortcuts/{study}/shortcut", png=("shortcut", "shortcut")),
    log:
        f"{R}/logs/figures_shortcut/{{study}}.log",
    wildcard_constraints:
        study=one_of(CONFIG.shortcuts),
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_shortcut", "shortcut_figures"),
    script:
        "../workflow/scripts/figures_shortcut.py"
