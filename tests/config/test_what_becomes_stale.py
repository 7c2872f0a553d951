"""Which stages of relevance, faithfulness, artefacts and units are given other settings by which edit, and no other."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from lucidag.config.images import write_out_images
from lucidag.config.jobs import job_settings
from lucidag.config.load import load_config
from lucidag.config.plan import Plan
from lucidag.config.schema import Config
from lucidag.ground.provenance import CodeIndex

WORDS = """
datasets:
  drawn: {source: lesions, number: 40}
  plain: {source: lesions, number: 40}
models:
  one: {dataset: drawn, architecture: resnet18, train: {}}
  two: {dataset: plain, architecture: resnet18, train: {}}
explain:
  models: [one]
  images: {drawn: [lesion-00001, lesion-00002, lesion-00003]}
  images_per_job: 2
relevance:
  atlas: {images: 1}
faithfulness: {}
artefacts: {datasets: [drawn, plain]}
shortcuts:
  ring: {trained_with: one, trained_without: two, artefacts: {ring: malignant}}
  patch: {trained_with: one, trained_without: two, artefacts: {patch: benign}, proposals: true}
discover: {models: [one]}
repair:
  mended: {model: one, without: two, way: retrain, columns: [ring], pasted: {ring: malignant}}
units: {images: 10}
"""
IMAGES = ("lesion-00001", "lesion-00002", "lesion-00003")
MAPS = {
    family: [f"explanations {family} {batch}" for batch in ("lesion-00001", "lesion-00003")]
    for family in ("cam", "lime", "lrp")
}
ALONE = ["discover", "discover_figures", "unit_effects", "unit_images"]
COMPARED = ["agreement", "localisation", "explanation_checks"]
ATLAS = ["relevance_references", "relevance_atlas"]
CHECKS = "explanation_checks"
RELEVANCE = [*MAPS["cam"], *MAPS["lime"], *MAPS["lrp"], CHECKS, *ATLAS]
FAITHFULNESS = ["faithfulness", "faithfulness_figures"]
AUDITS = ["artefact_audit drawn", "artefact_audit plain"]
AUDIT_FIGURES = ["artefact_figures drawn", "artefact_figures plain"]
STUDIES = ["shortcut ring", "shortcut patch"]
TESTED = "shortcut_proposals patch"
DISCOVERY = ["discover", TESTED]
REPAIR = ["repair_model mended", "repair_report mended"]

EDITS: list[tuple[str, object, list[str]]] = [
    ("explain.lrp", {"batch_size": 3}, ["faithfulness", *STUDIES, *DISCOVERY]),
    ("explain.agreement", {"methods": ["gradcam", "lime"]}, ["agreement"]),
    ("explain.localisation", {"thresholds": [0.5]}, ["localisation"]),
    ("explain.check", "all", [CHECKS]),
    ("relevance.batch_size", 3, ["relevance_references"]),
    ("relevance.atlas.composite", "epsilon_alpha2_beta1", [CHECKS, *ATLAS]),
    ("relevance.atlas.layers", {"one": "layer3"}, [*ATLAS, "unit_dossier"]),
    ("relevance.atlas.top", 3, ["relevance_references"]),
    ("relevance.atlas.units", 3, ["relevance_atlas"]),
    ("relevance.atlas.examples", 3, ["relevance_atlas"]),
    ("explain.cam", {"layers": {"one": "layer3"}}, [*MAPS["cam"], CHECKS, "faithfulness"]),
    ("faithfulness.methods", ["layercam"], ["faithfulness"]),
    ("faithfulness.infidelity_samples", 7, ["faithfulness"]),
    ("faithfulness.lime_sensitivity", True, ["faithfulness"]),
    ("faithfulness.seed", 7, FAITHFULNESS),
    ("faithfulness.confidence", 0.9, FAITHFULNESS),
    ("artefacts.finders", ["ring"], AUDITS),
    ("artefacts.seed", 5, AUDITS),
    ("artefacts.examples", 4, AUDIT_FIGURES),
    ("artefacts.confidence", 0.9, [*AUDITS, *AUDIT_FIGURES]),
    ("shortcuts.ring.images", 5, ["shortcut ring"]),
    ("shortcuts.ring.layer", "layer3", ["shortcut ring"]),
    ("shortcuts.patch.seed", 5, ["shortcut patch", TESTED]),
    ("shortcuts.patch.confidence", 0.9, ["shortcut patch", "shortcut_figures patch", TESTED]),
    ("discover.level", 0.05, ["discover"]),
    ("discover.seed", 5, ["discover", "discover_figures"]),
    ("discover.examples", 4, ["discover_figures"]),
    ("discover.methods", ["gradcam"], DISCOVERY),
    ("repair.mended.columns", ["ring", "patch"], REPAIR),
    ("repair.mended.images", 20, ["repair_report mended"]),
    ("repair.mended.pasted", {"ring": "benign"}, ["repair_report mended"]),
    ("units.random_sets", 99, ["unit_effects"]),
    ("units.seed", 5, ["unit_effects", "unit_images", "unit_dossier"]),
    ("models.two.architecture", "resnet34", [*STUDIES, TESTED, "repair_report mended"]),
    ("models.one.architecture", "resnet34", [*RELEVANCE, "faithfulness", *STUDIES, *DISCOVERY, *REPAIR]),
    ("models.one.token_grid", [14, 14], [*RELEVANCE, "faithfulness", *STUDIES, *DISCOVERY]),
    ("models.one.device", "cpu", []),
    ("models.one.batch_size", 7, []),
    ("models.two.train", {"epochs": 3}, []),
    ("datasets.plain.number", 60, []),
]


def settings(words: dict[str, Any]) -> dict[str, Any]:
    """Give the settings of each job of these stages."""
    config = write_out_images(load_config(words, "c.yaml"), "c.yaml")
    found = {
        "relevance_references": job_settings(Plan(config), "relevance_references", {"model": "one"}),
        "relevance_atlas": job_settings(Plan(config), "relevance_atlas", {"model": "one", "image": IMAGES[0]}),
        "faithfulness": job_settings(Plan(config), "faithfulness", {"model": "one"}),
        "faithfulness_figures": job_settings(Plan(config), "faithfulness_figures", {"model": "one"}),
        **{name: job_settings(Plan(config), name, {"model": "one"}) for name in (*COMPARED, *ALONE)},
        "unit_dossier": job_settings(Plan(config), "unit_dossier", {"model": "one", "layer": "penultimate"}),
    }
    for family in MAPS:
        for batch in Plan(config).batches("one", family):
            where = {"model": "one", "family": family, "batch": batch}
            found[f"explanations {family} {batch}"] = job_settings(Plan(config), "explanations", where)
    for stage, wildcard, names in places(config):
        found |= {
            f"{stage} {name}": job_settings(Plan(config), stage, {"model": "one", wildcard: name}) for name in names
        }
    return found


def places(config: Config) -> list[tuple[str, str, list[str]]]:
    return [
        ("artefact_audit", "dataset", list(config.datasets)),
        ("artefact_figures", "dataset", list(config.datasets)),
        ("shortcut", "study", list(config.shortcuts)),
        ("shortcut_figures", "study", list(config.shortcuts)),
        ("shortcut_proposals", "study", [name for name, study in config.shortcuts.items() if study.proposals]),
        ("repair_model", "model", list(config.repair)),
        ("repair_report", "repair", list(config.repair)),
    ]


@pytest.mark.parametrize(("path", "value", "stale"), EDITS, ids=[path for path, _, _ in EDITS])
def test_an_edit_changes_the_settings_of_these_jobs(path: str, value: object, stale: list[str]) -> None:
    words = yaml.safe_load(WORDS)
    before = settings(words)
    *sections, last = path.split(".")
    section = words
    for part in sections:
        section = section[part]
    assert section.get(last) != value
    section[last] = value
    after = settings(words)
    assert [name for name in before if before[name] != after[name]] == [name for name in before if name in stale]


def test_a_further_image_makes_one_more_job_of_maps_and_measures_anew() -> None:
    words = yaml.safe_load(WORDS)
    before = settings(words)
    words["explain"]["images"]["drawn"] = [*IMAGES, "lesion-00004", "lesion-00005"]
    after = settings(words)
    assert [name for name in after if after[name] != before.get(name)] == [
        "faithfulness",
        *(f"explanations {family} {batch}" for family in MAPS for batch in ("lesion-00003", "lesion-00005")),
    ]


def test_another_target_of_a_image_makes_its_maps_anew() -> None:
    words = yaml.safe_load(WORDS)
    before = settings(words)
    words["explain"]["images"]["drawn"] = {image: {} for image in IMAGES} | {IMAGES[2]: {"target": "benign"}}
    after = settings(words)
    assert [name for name in after if after[name] != before[name]] == [
        "faithfulness",
        *(batches[1] for batches in MAPS.values()),
    ]


@pytest.mark.parametrize("lime_sensitivity", [False, True])
def test_the_settings_of_lime_concern_its_sensitivity_and_nothing_else_that_is_measured(lime_sensitivity: bool) -> None:
    words = yaml.safe_load(WORDS)
    words["faithfulness"] = {"lime_sensitivity": lime_sensitivity}
    before = settings(words)
    words["explain"]["images"]["drawn"] = {image: {} for image in IMAGES} | {IMAGES[2]: {"lime": {"num_samples": 7}}}
    after = settings(words)
    maps = ["explanations lime lesion-00001", "explanations lime lesion-00003"]
    # The image with settings of its own has a job of its own now, and leaves that of the others.
    changed = [name for name in after if after[name] != before.get(name) and name not in maps]
    assert changed == ["faithfulness"] * lime_sensitivity


def row(path: str, stale: list[str]) -> str:
    """Give the line of an edit in the documents."""
    jobs: dict[str, list[str]] = {}
    for name in stale:
        stage, _, which = name.partition(" ")
        jobs.setdefault(stage, []).extend([which] if which else [])
    words = [f"`{stage}`" + (f" of {', '.join(of)}" if of else "") for stage, of in jobs.items()]
    return f"| `{path}` | {'; '.join(words) or 'nothing'} |"


def test_the_documents_say_so(root: Path) -> None:
    text = (root / "docs/staleness.md").read_text(encoding="utf-8")
    rows = "\n".join(row(path, stale) for path, _, stale in EDITS)
    assert f"\n| key | other settings, so these run again |\n|---|---|\n{rows}\n" in text


def test_a_merge_knows_the_code_of_its_shards_which_are_gone(root: Path) -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in sorted((root / "rules").glob("*.smk")))
    rules = {block.partition(":")[0]: block for block in re.split(r"^rule ", text, flags=re.MULTILINE)}
    merges = [name for name in rules if name.endswith("_merge")]
    assert len(merges) >= 4
    for name in merges:
        stage = name.removesuffix("_merge")
        assert f'shard_code=code_of("{stage}_shard")' in rules[name]
        assert f'**made_by("{stage}_shard"' in rules[f"{stage}_shard"]


def test_every_script_that_builds_networks_counts_the_users_own(root: Path) -> None:
    assert '"lucidag.models.build" in CODE.fingerprint(file)' in (root / "rules/common.smk").read_text(encoding="utf-8")
    code = CodeIndex((root,), {}.get)
    scripts = sorted((root / "workflow/scripts").glob("*.py"))
    building = {script.stem for script in scripts if "lucidag.models.build" in code.fingerprint(script)}
    assert building == {
        *(
            "train",
            "import_model",
            "check_import",
            "features",
            "features_shard",
            "sweep_grid",
            "explanations",
            "explanation_checks",
            "lime_tune",
            "shortcut",
            "shortcut_proposals",
        ),
        *("repair_model", "repair_report", "discover"),
        *("dissect_passes", "dissect_activations_shard", "dissect_overlaps_shard", "figures_units"),
        "unit_regions",
        *(
            "faithfulness",
            "faithfulness_shard",
            "relevance_atlas",
            "relevance_references",
            "unit_effects_inner",
            "planted_truth",
        ),
    }
