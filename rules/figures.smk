# Figures: each as PDF for a paper and as PNG, which the report shows.
#
# Requires: data/{dataset}/…, models/{model}/history.csv and evaluation.json, rof/{model}/sweep.csv,
#           bands.csv, selection.csv, turning_points.json and roles.csv, generalisation/{study}/…,
#           explanations/{model}/maps/…, agreement/…, localisation/…, dissect/….
# Produces: figures/data/{dataset}/images, figures/models/{model}/history and confusion,
#           figures/rof/{model}/accuracy, loss, groups and roles, figures/generalisation/{study}/roles,
#           explanations/{model}/{family}, agreement/{model}/side_by_side, heat_map and curves,
#           localisation/{model}/grades,
#           dissect/{model or pair}/{method}-concepts and -categories, dissect/{model}/units and {method}-roles,
#           units/{model}/effects,
#           planted/summary.


rule figures:
    input:
        every("figures/data/{dataset}/images.png", dataset=CONFIG.datasets),
        every("figures/models/{model}/history.png", model=plan.trained),
        every("figures/models/{model}/confusion.png", model=CONFIG.models),
        every("figures/rof/{model}/accuracy.png", model=plan.examined),
        every("figures/generalisation/{study}/roles.png", study=CONFIG.generalisation),
        [
            f"{R}/figures/explanations/{model}/{family}.png"
            for model in plan.explained
            for family in plan.families(model)
        ],
        every("figures/agreement/{model}/side_by_side.png", model=plan.explained),
        every("figures/localisation/{model}/grades.png", model=plan.explained),
        every(
            "figures/dissect/{dissected}/{method}-concepts.png",
            dissected=[*plan.layers, *plan.pairs],
            method=plan.concept_methods,
        ),
        every("figures/dissect/{model}/units.png", model=plan.layers),
        every("figures/planted/summary.png") if plan.planted else [],
        every(
            "figures/dissect/{model}/{method}-roles.png",
            model=plan.joined,
            method=plan.concept_methods,
        ),
        [
            f"{R}/figures/relevance/{model}/{image}.png"
            for model, images in plan.atlas.items()
            for image in images
        ],
        every("figures/faithfulness/{model}/ranking.png", model=plan.measured),
        every("figures/artefacts/{dataset}/odds.png", dataset=plan.audited),
        every("figures/shortcuts/{study}/shortcut.png", study=CONFIG.shortcuts),
        every("figures/units/{model}/effects.png", model=plan.unit_models),
        every("figures/discovery/{model}.png", model=plan.discovered),


rule figures_data:
    """Show some images of each class, with their masks and flags."""
    input:
        lambda wildcards: plan.data_files(wildcards.dataset),
    output:
        **figure("data/{dataset}/images", png=("images", "images")),
    log:
        f"{R}/logs/figures_data/{{dataset}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_data", "data_figures"),
    script:
        "../workflow/scripts/figures_data.py"


# A network that was not trained here has no history of a training.
for NUMBER, TRAINED in enumerate(filter(None, (plan.trained, plan.others))):

    rule:
        """Draw which classes are taken for which on the test split, and the course of a training."""
        name:
            f"figures_models_{NUMBER}" if NUMBER else "figures_models"
        input:
            evaluation=f"{R}/models/{{model}}/evaluation.json",
            dataset=lambda wildcards: f"{R}/data/{CONFIG.models[wildcards.model].dataset}/dataset.json",
            history=(
                [f"{R}/models/{{model}}/history.csv"]
                if TRAINED is plan.trained
                else []
            ),
        output:
            **figure(
                "models/{model}/NAME",
                confusion=("confusion matrix", "confusion"),
                **(
                    {"history": ("training history", "training")}
                    if TRAINED is plan.trained
                    else {}
                ),
            ),
        log:
            f"{R}/logs/figures_models/{{model}}.log",
        wildcard_constraints:
            model=one_of(TRAINED),
        conda:
            "../envs/tables.yaml"
        params:
            **made_by("figures_models", "figures"),
        script:
            "../workflow/scripts/figures_models.py"


rule figures_rof:
    """Draw the sweep, the groups and the roles of one model."""
    input:
        sweep=f"{R}/rof/{{model}}/sweep.csv",
        bands=f"{R}/rof/{{model}}/bands.csv",
        selection=f"{R}/rof/{{model}}/selection.csv",
        turning_points=f"{R}/rof/{{model}}/turning_points.json",
        roles=f"{R}/rof/{{model}}/roles.csv",
        evaluation=f"{R}/models/{{model}}/evaluation.json",
    output:
        **figure(
            "rof/{model}/NAME",
            accuracy=("accuracy", "accuracy"),
            loss=("cross-entropy", "loss"),
            rankings=("other rankings", "rankings"),
            groups=("groups", "groups"),
            roles=("roles", "roles"),
        ),
    log:
        f"{R}/logs/figures_rof/{{model}}.log",
    priority: soon
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_rof", "rof_figures"),
    script:
        "../workflow/scripts/figures_rof.py"


rule figures_generalisation:
    """Draw the shares of the roles against the generalisation gap."""
    input:
        roles=f"{R}/generalisation/{{study}}/roles.csv",
        correlation=f"{R}/generalisation/{{study}}/correlation.json",
    output:
        **figure(
            "generalisation/{study}/roles", png=("roles and gap", "generalisation")
        ),
    log:
        f"{R}/logs/figures_generalisation/{{study}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_generalisation", "generalisation_figures"),
    script:
        "../workflow/scripts/figures_generalisation.py"


# Models that different methods explain have different sheets, so each such group of models has a rule of its own.
for NUMBER, ALIKE in enumerate(plan.alike):

    rule:
        """Draw the contact sheets of a model's maps, one for each family of methods."""
        name:
            f"figures_explanations_{NUMBER}" if NUMBER else "figures_explanations"
        input:
            maps=lambda wildcards: plan.maps(
                wildcards.model, plan.families(wildcards.model)
            ),
        output:
            **figure(
                "explanations/{model}/METHOD",
                methods=plan.families(ALIKE[0]),
                png=("maps by METHOD", "explanation_sheet"),
            ),
        log:
            f"{R}/logs/figures_explanations/{{model}}.log",
        wildcard_constraints:
            model=one_of(ALIKE),
        conda:
            "../envs/tables.yaml"
        params:
            **made_by("figures_explanations", "explanation_figures"),
        script:
            "../workflow/scripts/figures_explanations.py"


rule figures_agreement:
    """Draw how far the explanations of a model agree."""
    input:
        maps=lambda wildcards: plan.compared("agreement", wildcards.model),
        pairs=rules.agreement.output.pairs,
        summary=rules.agreement.output.summary,
    output:
        **figure(
            "agreement/{model}/NAME",
            side_by_side=("side by side", "side_by_side"),
            heat_map=("agreement of methods", "agreement_map"),
            curves=("agreement by threshold", "agreement_map"),
        ),
    log:
        f"{R}/logs/figures_agreement/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_agreement", "agreement_figures"),
    script:
        "../workflow/scripts/figures_agreement.py"


rule figures_localisation:
    """Draw how the explanations of a model are graded by masks."""
    input:
        maps=lambda wildcards: plan.compared("localisation", wildcards.model),
        summary=rules.localisation.output.summary,
    output:
        **figure(
            "localisation/{model}/grades", png=("localisation", "localisation_figure")
        ),
    log:
        f"{R}/logs/figures_localisation/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_localisation", "localisation_figures"),
    script:
        "../workflow/scripts/figures_localisation.py"


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
        **figure(
            "dissect/{dissected}/METHOD-NAME",
            methods=plan.concept_methods,
            concepts=("units per concept, METHOD", "concepts"),
            categories=("categories, METHOD", "concepts"),
        ),
    log:
        f"{R}/logs/figures_dissect/{{dissected}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_dissect", "concept_figures"),
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
        **figure("dissect/{model}/units", png=("units", "units")),
    log:
        f"{R}/logs/figures_units/{{model}}.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        **heavy(240),
    params:
        **made_by("figures_units", "dissect_units"),
    script:
        "../workflow/scripts/figures_units.py"


rule figures_planted:
    """Draw what each method says of planted units."""
    input:
        summary=f"{R}/planted/summary.csv",
    output:
        **figure("planted/summary", png=("planted units", "planted_figure")),
    log:
        f"{R}/logs/figures_planted/report.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_planted", "figures"),
    script:
        "../workflow/scripts/figures_planted.py"


rule figures_concept_roles:
    """Draw whether the units that restore function are the interpretable ones."""
    input:
        units=f"{R}/dissect/{{model}}/unit_roles.csv",
        tests=f"{R}/dissect/{{model}}/role_tests.json",
    output:
        **figure(
            "dissect/{model}/METHOD-roles",
            methods=plan.concept_methods,
            png=("concepts and roles, METHOD", "concept_roles"),
        ),
    log:
        f"{R}/logs/figures_concept_roles/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_concept_roles", "concept_roles_figures"),
    script:
        "../workflow/scripts/figures_concept_roles.py"


rule figures_atlas:
    """Draw the concept atlas of one decision."""
    input:
        decision=f"{R}/relevance/{{model}}/crp/{{image}}.safetensors",
    output:
        **figure("relevance/{model}/{image}", png=("concept atlas", "concept_atlas")),
    log:
        f"{R}/logs/figures_atlas/{{model}}/{{image}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_atlas", "figures"),
    script:
        "../workflow/scripts/figures_atlas.py"


rule figures_faithfulness:
    """Draw how faithful the explanations of a model are."""
    input:
        ranking=f"{R}/faithfulness/{{model}}-ranking.csv",
        curves=f"{R}/faithfulness/{{model}}-curves.csv",
        floors=f"{R}/faithfulness/{{model}}-floors.csv",
        maps=lambda wildcards: plan.compared("faithfulness", wildcards.model),
    output:
        **figure(
            "faithfulness/{model}/NAME",
            ranking=("faithfulness", "faithfulness"),
            curves=("curves of faithfulness", "faithfulness"),
        ),
    log:
        f"{R}/logs/figures_faithfulness/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_faithfulness", "faithfulness_figures"),
    script:
        "../workflow/scripts/figures_faithfulness.py"


rule figures_effects:
    """Draw what classes lose without the units that they need most."""
    input:
        effects=f"{R}/units/{{model}}/effects.csv",
        sets=f"{R}/units/{{model}}/sets.csv",
    output:
        **figure("units/{model}/effects", png=("effects of units", "unit_effects")),
    log:
        f"{R}/logs/figures_effects/{{model}}.log",
    conda:
        "../envs/tables.yaml"
    params:
        **made_by("figures_effects", "effects_figures"),
    script:
        "../workflow/scripts/figures_effects.py"
