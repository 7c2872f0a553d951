# Figures: each as PDF for a paper and as PNG, which the report shows.
#
# Requires: data/{dataset}/…, models/{model}/history.csv and evaluation.json, rof/{model}/sweep.csv,
#           bands.csv, selection.csv, turning_points.json and roles.csv, generalisation/{study}/…,
#           cam/{model}/maps/…, lime/{model}/fits/…, agreement/…, dissect/….
# Produces: figures/data/{dataset}/images, figures/models/{model}/history and confusion,
#           figures/rof/{model}/accuracy, loss, groups and roles, figures/generalisation/{study}/roles,
#           cam/{model}/sheet, agreement/{model}/side_by_side, heat_map, curves and truth,
#           dissect/{model or pair}/{method}-concepts and -categories, dissect/{model}/units and {method}-roles.


rule figures:
    input:
        expand(
            "{results}/figures/data/{dataset}/images.png",
            results=R,
            dataset=CONFIG.datasets,
        ),
        expand(
            "{results}/figures/models/{model}/history.png",
            results=R,
            model=plan.trained,
        ),
        expand(
            "{results}/figures/models/{model}/confusion.png",
            results=R,
            model=CONFIG.models,
        ),
        expand(
            "{results}/figures/rof/{model}/accuracy.png",
            results=R,
            model=plan.examined,
        ),
        expand(
            "{results}/figures/generalisation/{study}/roles.png",
            results=R,
            study=CONFIG.generalisation,
        ),
        expand(
            "{results}/figures/cam/{model}/sheet.png",
            results=R,
            model=plan.explained if plan.cam_methods else [],
        ),
        expand(
            "{results}/figures/agreement/{model}/side_by_side.png",
            results=R,
            model=plan.explained,
        ),
        expand(
            "{results}/figures/dissect/{dissected}/{method}-concepts.png",
            results=R,
            dissected=[*plan.layers, *plan.pairs],
            method=plan.concept_methods,
        ),
        expand(
            "{results}/figures/dissect/{model}/units.png", results=R, model=plan.layers
        ),
        expand(
            "{results}/figures/dissect/{model}/{method}-roles.png",
            results=R,
            model=plan.joined,
            method=plan.concept_methods,
        ),
        expand(
            "{results}/figures/relevance/{model}/sheet.png",
            results=R,
            model=plan.relevance_batches,
        ),
        [
            f"{R}/figures/relevance/{model}/{image}.png"
            for model, images in plan.atlas.items()
            for image in images
        ],
        expand(
            "{results}/figures/faithfulness/{model}/ranking.png",
            results=R,
            model=plan.measured,
        ),
        expand(
            "{results}/figures/artefacts/{dataset}/odds.png",
            results=R,
            dataset=plan.audited,
        ),
        expand(
            "{results}/figures/shortcuts/{study}/shortcut.png",
            results=R,
            study=CONFIG.shortcuts,
        ),


rule figures_data:
    """Show some images of each class, with their masks and flags."""
    input:
        lambda wildcards: plan.data_files(wildcards.dataset),
    output:
        png=report(
            f"{R}/figures/data/{{dataset}}/images.png",
            caption="../workflow/report/images.rst",
            category="Data",
            subcategory="{dataset}",
            labels={"result": "images", "kind": "figure"},
        ),
        pdf=f"{R}/figures/data/{{dataset}}/images.pdf",
    log:
        f"{R}/logs/figures_data/{{dataset}}.log",
    benchmark:
        f"{R}/benchmarks/figures_data/{{dataset}}.tsv"
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("data_figures"),
        code=code_of("figures_data"),
    script:
        "../workflow/scripts/figures_data.py"


rule figures_history:
    """Draw the course of a training."""
    input:
        history=f"{R}/models/{{model}}/history.csv",
    output:
        png=report(
            f"{R}/figures/models/{{model}}/history.png",
            caption="../workflow/report/training.rst",
            category="Models",
            subcategory="{model}",
            labels={"result": "training history", "kind": "figure"},
        ),
        pdf=f"{R}/figures/models/{{model}}/history.pdf",
    log:
        f"{R}/logs/figures_history/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/figures_history/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(plan.trained),
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("figures"),
        code=code_of("figures_history"),
    script:
        "../workflow/scripts/figures_history.py"


rule figures_confusion:
    """Draw which classes are taken for which on the test split."""
    input:
        evaluation=f"{R}/models/{{model}}/evaluation.json",
        dataset=lambda wildcards: f"{R}/data/{CONFIG.models[wildcards.model].dataset}/dataset.json",
    output:
        png=report(
            f"{R}/figures/models/{{model}}/confusion.png",
            caption="../workflow/report/confusion.rst",
            category="Models",
            subcategory="{model}",
            labels={"result": "confusion matrix", "kind": "figure"},
        ),
        pdf=f"{R}/figures/models/{{model}}/confusion.pdf",
    log:
        f"{R}/logs/figures_confusion/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/figures_confusion/{{model}}.tsv"
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("figures"),
        code=code_of("figures_confusion"),
    script:
        "../workflow/scripts/figures_confusion.py"


rule figures_rof:
    """Draw the sweep, the groups and the roles of one model."""
    input:
        sweep=f"{R}/rof/{{model}}/sweep.csv",
        bands=f"{R}/rof/{{model}}/bands.csv",
        selection=f"{R}/rof/{{model}}/selection.csv",
        turning_points=f"{R}/rof/{{model}}/turning_points.json",
        roles=f"{R}/rof/{{model}}/roles.csv",
    output:
        accuracy=report(
            f"{R}/figures/rof/{{model}}/accuracy.png",
            caption="../workflow/report/accuracy.rst",
            category="Retrieval of function",
            subcategory="{model}",
            labels={"result": "accuracy", "kind": "figure"},
        ),
        loss=report(
            f"{R}/figures/rof/{{model}}/loss.png",
            caption="../workflow/report/loss.rst",
            category="Retrieval of function",
            subcategory="{model}",
            labels={"result": "cross-entropy", "kind": "figure"},
        ),
        groups=report(
            f"{R}/figures/rof/{{model}}/groups.png",
            caption="../workflow/report/groups.rst",
            category="Retrieval of function",
            subcategory="{model}",
            labels={"result": "groups", "kind": "figure"},
        ),
        roles=report(
            f"{R}/figures/rof/{{model}}/roles.png",
            caption="../workflow/report/roles.rst",
            category="Retrieval of function",
            subcategory="{model}",
            labels={"result": "roles", "kind": "figure"},
        ),
        accuracy_pdf=f"{R}/figures/rof/{{model}}/accuracy.pdf",
        loss_pdf=f"{R}/figures/rof/{{model}}/loss.pdf",
        groups_pdf=f"{R}/figures/rof/{{model}}/groups.pdf",
        roles_pdf=f"{R}/figures/rof/{{model}}/roles.pdf",
    log:
        f"{R}/logs/figures_rof/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/figures_rof/{{model}}.tsv"
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("rof_figures"),
        code=code_of("figures_rof"),
    script:
        "../workflow/scripts/figures_rof.py"


rule figures_generalisation:
    """Draw the shares of the roles against the generalisation gap."""
    input:
        roles=f"{R}/generalisation/{{study}}/roles.csv",
        correlation=f"{R}/generalisation/{{study}}/correlation.json",
    output:
        png=report(
            f"{R}/figures/generalisation/{{study}}/roles.png",
            caption="../workflow/report/generalisation.rst",
            category="Generalisation",
            subcategory="{study}",
            labels={"result": "roles and gap", "kind": "figure"},
        ),
        pdf=f"{R}/figures/generalisation/{{study}}/roles.pdf",
    log:
        f"{R}/logs/figures_generalisation/{{study}}.log",
    benchmark:
        f"{R}/benchmarks/figures_generalisation/{{study}}.tsv"
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("generalisation_figures"),
        code=code_of("figures_generalisation"),
    script:
        "../workflow/scripts/figures_generalisation.py"


rule figures_cam:
    """Draw the contact sheet of a model's class activation maps."""
    input:
        cam=lambda wildcards: plan.maps(wildcards.model),
    output:
        png=report(
            f"{R}/figures/cam/{{model}}/sheet.png",
            caption="../workflow/report/explanation_sheet.rst",
            category="Explanations",
            subcategory="{model}",
            labels={"result": "class activation maps", "kind": "figure"},
        ),
        pdf=f"{R}/figures/cam/{{model}}/sheet.pdf",
    log:
        f"{R}/logs/figures_cam/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/figures_cam/{{model}}.tsv"
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("figures"),
        code=code_of("figures_cam"),
    script:
        "../workflow/scripts/figures_cam.py"


rule figures_agreement:
    """Draw how far the explanations of a model agree, and how they are graded by masks."""
    input:
        cam=lambda wildcards: plan.maps(wildcards.model),
        lime=lambda wildcards: plan.fits(wildcards.model),
        pairs=rules.agreement.output.pairs,
        summary=rules.agreement.output.summary,
        truth_summary=rules.agreement.output.truth_summary,
    output:
        side_by_side=report(
            f"{R}/figures/agreement/{{model}}/side_by_side.png",
            caption="../workflow/report/side_by_side.rst",
            category="Explanations",
            subcategory="{model}",
            labels={"result": "side by side", "kind": "figure"},
        ),
        heat_map=report(
            f"{R}/figures/agreement/{{model}}/heat_map.png",
            caption="../workflow/report/agreement_map.rst",
            category="Explanations",
            subcategory="{model}",
            labels={"result": "agreement of methods", "kind": "figure"},
        ),
        curves=report(
            f"{R}/figures/agreement/{{model}}/curves.png",
            caption="../workflow/report/agreement_map.rst",
            category="Explanations",
            subcategory="{model}",
            labels={"result": "agreement by threshold", "kind": "figure"},
        ),
        truth=report(
            f"{R}/figures/agreement/{{model}}/truth.png",
            caption="../workflow/report/truth_figure.rst",
            category="Explanations",
            subcategory="{model}",
            labels={"result": "graded by masks", "kind": "figure"},
        ),
        side_by_side_pdf=f"{R}/figures/agreement/{{model}}/side_by_side.pdf",
        heat_map_pdf=f"{R}/figures/agreement/{{model}}/heat_map.pdf",
        curves_pdf=f"{R}/figures/agreement/{{model}}/curves.pdf",
        truth_pdf=f"{R}/figures/agreement/{{model}}/truth.pdf",
    log:
        f"{R}/logs/figures_agreement/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/figures_agreement/{{model}}.tsv"
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("agreement_figures"),
        code=code_of("figures_agreement"),
    script:
        "../workflow/scripts/figures_agreement.py"


rule figures_dissect:
    """Draw what the units of one or two models detect: concepts with several units, concepts by category."""
    input:
        summaries=lambda wildcards: [
            f"{R}/dissect/{model}/summary.json"
            for model in plan.members(wildcards.dissected)
        ],
        tables=lambda wildcards: [
            file
            for model in plan.members(wildcards.dissected)
            for file in plan.layer_files(model, ".csv")
        ],
    output:
        concepts=[
            report(
                f"{R}/figures/dissect/{{dissected}}/{method}-concepts.png",
                caption="../workflow/report/concepts.rst",
                category="Units and concepts",
                subcategory="{dissected}",
                labels={"result": f"units per concept, {method}", "kind": "figure"},
            )
            for method in plan.concept_methods
        ],
        categories=[
            report(
                f"{R}/figures/dissect/{{dissected}}/{method}-categories.png",
                caption="../workflow/report/concepts.rst",
                category="Units and concepts",
                subcategory="{dissected}",
                labels={"result": f"categories, {method}", "kind": "figure"},
            )
            for method in plan.concept_methods
        ],
        concepts_pdf=[
            f"{R}/figures/dissect/{{dissected}}/{method}-concepts.pdf"
            for method in plan.concept_methods
        ],
        categories_pdf=[
            f"{R}/figures/dissect/{{dissected}}/{method}-categories.pdf"
            for method in plan.concept_methods
        ],
    log:
        f"{R}/logs/figures_dissect/{{dissected}}.log",
    benchmark:
        f"{R}/benchmarks/figures_dissect/{{dissected}}.tsv"
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("concept_figures"),
        code=code_of("figures_dissect"),
    script:
        "../workflow/scripts/figures_dissect.py"


rule figures_units:
    """Draw a sheet of units: their top images, their regions in them, their labels."""
    input:
        unpack(
            lambda wildcards: plan.passes(
                wildcards.model, activations=False, overlaps=False
            )
        ),
        checkpoint=f"{R}/models/{{model}}/checkpoint.safetensors",
        dataset=lambda wildcards: plan.data_files(plan.probe(wildcards.model)),
        tables=lambda wildcards: plan.layer_files(wildcards.model, ".csv"),
    output:
        png=report(
            f"{R}/figures/dissect/{{model}}/units.png",
            caption="../workflow/report/units.rst",
            category="Units and concepts",
            subcategory="{model}",
            labels={"result": "units", "kind": "figure"},
        ),
        pdf=f"{R}/figures/dissect/{{model}}/units.pdf",
    log:
        f"{R}/logs/figures_units/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/figures_units/{{model}}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        gpu=gpus,
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        settings=settings("dissect_units"),
        code=code_of("figures_units"),
    script:
        "../workflow/scripts/figures_units.py"


rule figures_concept_roles:
    """Draw whether the units that restore function are the interpretable ones."""
    input:
        units=f"{R}/dissect/{{model}}/unit_roles.csv",
        tests=f"{R}/dissect/{{model}}/role_tests.json",
    output:
        png=[
            report(
                f"{R}/figures/dissect/{{model}}/{method}-roles.png",
                caption="../workflow/report/concept_roles.rst",
                category="Units and concepts",
                subcategory="{model}",
                labels={"result": f"concepts and roles, {method}", "kind": "figure"},
            )
            for method in plan.concept_methods
        ],
        pdf=[
            f"{R}/figures/dissect/{{model}}/{method}-roles.pdf"
            for method in plan.concept_methods
        ],
    log:
        f"{R}/logs/figures_concept_roles/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/figures_concept_roles/{{model}}.tsv"
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("concept_roles_figures"),
        code=code_of("figures_concept_roles"),
    script:
        "../workflow/scripts/figures_concept_roles.py"


rule figures_relevance:
    """Draw the sheet of a model's relevance maps."""
    input:
        maps=lambda wildcards: [
            f"{R}/relevance/{wildcards.model}/lrp/{batch}.safetensors"
            for batch in plan.relevance_batches[wildcards.model]
        ],
    output:
        png=report(
            f"{R}/figures/relevance/{{model}}/sheet.png",
            caption="../workflow/report/relevance.rst",
            category="Relevance",
            subcategory="{model}",
            labels={"result": "relevance of pixels", "kind": "figure"},
        ),
        pdf=f"{R}/figures/relevance/{{model}}/sheet.pdf",
    log:
        f"{R}/logs/figures_relevance/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/figures_relevance/{{model}}.tsv"
    conda:
        "../envs/torch.yaml"
    params:
        settings=settings("figures"),
        code=code_of("figures_relevance"),
    script:
        "../workflow/scripts/figures_relevance.py"


rule figures_atlas:
    """Draw the concept atlas of one decision."""
    input:
        decision=f"{R}/relevance/{{model}}/crp/{{image}}.safetensors",
    output:
        png=report(
            f"{R}/figures/relevance/{{model}}/{{image}}.png",
            caption="../workflow/report/concept_atlas.rst",
            category="Relevance",
            subcategory="{model}",
            labels={"result": "concept atlas", "kind": "figure"},
        ),
        pdf=f"{R}/figures/relevance/{{model}}/{{image}}.pdf",
    log:
        f"{R}/logs/figures_atlas/{{model}}/{{image}}.log",
    benchmark:
        f"{R}/benchmarks/figures_atlas/{{model}}/{{image}}.tsv"
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("figures"),
        code=code_of("figures_atlas"),
    script:
        "../workflow/scripts/figures_atlas.py"


rule figures_faithfulness:
    """Draw how faithful the explanations of a model are."""
    input:
        ranking=f"{R}/faithfulness/{{model}}-ranking.csv",
        curves=f"{R}/faithfulness/{{model}}-curves.csv",
    output:
        ranking=report(
            f"{R}/figures/faithfulness/{{model}}/ranking.png",
            caption="../workflow/report/faithfulness.rst",
            category="Explanations",
            subcategory="{model}",
            labels={"result": "faithfulness", "kind": "figure"},
        ),
        curves=report(
            f"{R}/figures/faithfulness/{{model}}/curves.png",
            caption="../workflow/report/faithfulness.rst",
            category="Explanations",
            subcategory="{model}",
            labels={"result": "curves of faithfulness", "kind": "figure"},
        ),
        ranking_pdf=f"{R}/figures/faithfulness/{{model}}/ranking.pdf",
        curves_pdf=f"{R}/figures/faithfulness/{{model}}/curves.pdf",
    log:
        f"{R}/logs/figures_faithfulness/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/figures_faithfulness/{{model}}.tsv"
    conda:
        "../envs/tables.yaml"
    params:
        settings=settings("faithfulness_figures"),
        code=code_of("figures_faithfulness"),
    script:
        "../workflow/scripts/figures_faithfulness.py"
