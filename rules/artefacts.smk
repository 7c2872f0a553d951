# Artefacts: what pictures show besides their subject, and how far that alone tells the class.
#
# Requires: data/{dataset}/….
# Produces: artefacts/{dataset}.csv, {dataset}.json; figures/artefacts/{dataset}/odds, grades and examples.


rule artefacts:
    input:
        expand("{results}/artefacts/{dataset}.json", results=R, dataset=AUDITED),


rule artefact_audit:
    """Look for artefacts in every picture, and test them and the metadata against the class."""
    input:
        lambda wildcards: files_of(wildcards.dataset),
    output:
        pictures=f"{R}/artefacts/{{dataset}}.csv",
        audit=report(
            f"{R}/artefacts/{{dataset}}.json",
            caption="../workflow/report/artefact_audit.rst",
            category="Artefacts",
            subcategory="{dataset}",
            labels={"result": "audit", "kind": "numbers"},
        ),
    log:
        f"{R}/logs/artefact_audit/{{dataset}}.log",
    benchmark:
        f"{R}/benchmarks/artefact_audit/{{dataset}}.tsv"
    conda:
        "../envs/tables.yaml"
    threads: 2
    params:
        settings=settings("artefact_audit"),
        code=code_of("artefact_audit"),
    script:
        "../workflow/scripts/artefact_audit.py"


rule figures_artefacts:
    """Draw what goes with the class, how good the finders are, and what they found."""
    input:
        pictures=f"{R}/artefacts/{{dataset}}.csv",
        audit=f"{R}/artefacts/{{dataset}}.json",
        dataset=lambda wildcards: files_of(wildcards.dataset),
    output:
        odds=report(
            f"{R}/figures/artefacts/{{dataset}}/odds.png",
            caption="../workflow/report/artefact_odds.rst",
            category="Artefacts",
            subcategory="{dataset}",
            labels={"result": "association with the class", "kind": "figure"},
        ),
        grades=report(
            f"{R}/figures/artefacts/{{dataset}}/grades.png",
            caption="../workflow/report/artefact_grades.rst",
            category="Artefacts",
            subcategory="{dataset}",
            labels={"result": "finders against flags", "kind": "figure"},
        ),
        examples=report(
            f"{R}/figures/artefacts/{{dataset}}/examples.png",
            caption="../workflow/report/artefact_grades.rst",
            category="Artefacts",
            subcategory="{dataset}",
            labels={"result": "what finders found", "kind": "figure"},
        ),
        odds_pdf=f"{R}/figures/artefacts/{{dataset}}/odds.pdf",
        grades_pdf=f"{R}/figures/artefacts/{{dataset}}/grades.pdf",
        examples_pdf=f"{R}/figures/artefacts/{{dataset}}/examples.pdf",
    log:
        f"{R}/logs/figures_artefacts/{{dataset}}.log",
    benchmark:
        f"{R}/benchmarks/figures_artefacts/{{dataset}}.tsv"
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("artefact_figures"),
        code=code_of("figures_artefacts"),
    script:
        "../workflow/scripts/figures_artefacts.py"
