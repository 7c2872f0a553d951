"""Every caption must render from what its rule passes: Snakemake notices a mistake only when the report is made."""

import re
from types import SimpleNamespace

import docutils.core
import jinja2
import pytest

ROF = {"ranking": "l1", "select_metric": "worst_accuracy", "role_metric": "loss", "confidence": 0.95, "margin": 0.01}
AGREEMENT = {"area": 0.2, "confidence": 0.95, "resamples": 1000}
CONCEPTS = {"min_units_per_concept": 4, "top_concepts": 50, "confidence": 0.95, "resamples": 2000}
SETTINGS = {
    "images": {"seed": 7},
    "sweep": ROF | {"methods": ["l1", "random"], "random_orders": 5, "resamples": 200},
    "accuracy": ROF,
    "loss": ROF,
    "rankings": ROF,
    "groups": ROF,
    "roles": ROF,
    "generalisation": {"role_metric": "loss", "confidence": 0.95},
    "experiments": {},
    "costs": {},
    "factors": {},
    "curves": {},
    "history": {},
    "evaluation": {},
    "training": {},
    "confusion": {},
    "explanation_sheet": {},
    "lime_tuning": {"tuning": {"trials": 8, "seed": 0}},
    "agreement": AGREEMENT,
    "localisation": AGREEMENT,
    "side_by_side": AGREEMENT,
    "agreement_map": AGREEMENT,
    "localisation_figure": AGREEMENT,
    "zero_shot": {"steps": 600},
    "dissect_summary": CONCEPTS,
    "dissect_compare": CONCEPTS,
    "concepts": CONCEPTS,
    "concept_roles": CONCEPTS,
    "units": {},
    "concept_atlas": {},
    "planted_truth": {},
    "planted_summary": {},
    "planted_figure": {},
    "faithfulness": {"confidence": 0.95},
    "floors": {"confidence": 0.95},
    "unit_effects": {"confidence": 0.95},
    "unit_dossier": {"confidence": 0.95},
    "artefact_audit": {"confidence": 0.95},
    "shortcut": {"confidence": 0.95},
    "artefact_odds": {"confidence": 0.95},
    "artefact_grades": {"confidence": 0.95},
}
NAMES = SimpleNamespace(
    dataset="digits",
    family="cam",
    grid="net",
    model="digits-cnn",
    study="noise",
    clip="small",
    pair="a-vs-b",
    dissected="a",
    image="digit-0001",
)


@pytest.mark.parametrize("caption", sorted(SETTINGS))
def test_caption_renders(root, caption):
    text = (root / "workflow" / "report" / f"{caption}.rst").read_text(encoding="utf-8")
    snakemake = SimpleNamespace(params=SimpleNamespace(settings=SETTINGS[caption]), wildcards=NAMES)
    rendered = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(text).render(snakemake=snakemake)
    strict = {"report_level": 1, "halt_level": 2, "output_encoding": "unicode"}
    html = docutils.core.publish_string(rendered, writer="html5", settings_overrides=strict)
    assert any(name in html for name in vars(NAMES).values())


@pytest.mark.parametrize("caption", ["sweep", "accuracy", "loss", "groups", "roles", "roles_table", "turning_points"])
@pytest.mark.parametrize("grid", [True, False])
def test_a_grid_is_said(root, caption, grid):
    text = (root / "workflow" / "report" / f"{caption}.rst").read_text(encoding="utf-8")
    settings = SETTINGS["sweep"] | ({"on_a_grid": True, "architecture": "squeezenet1_1"} if grid else {})
    snakemake = SimpleNamespace(params=SimpleNamespace(settings=settings), wildcards=NAMES)
    rendered = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(text).render(snakemake=snakemake)
    strict = {"report_level": 1, "halt_level": 2, "output_encoding": "unicode"}
    html = docutils.core.publish_string(rendered, writer="html5", settings_overrides=strict)
    assert ("ran at a grid of k" in " ".join(html.split())) == grid


def test_every_caption_of_the_figures_exists(root):
    rules = (root / "rules" / "figures.smk").read_text(encoding="utf-8")
    captions = re.findall(r'\w+"?[=:] ?\("[^"]*", "(\w+)"\)', rules)
    assert len(captions) == 23
    assert set(captions) <= set(SETTINGS)
