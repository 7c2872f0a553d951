"""A small run of what looks at units and at data: dissection with a CLIP trained on the way, relevance, an audit."""

import copy
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lucidag.explain.faithfulness.metrics import METRICS, read_values
from lucidag.explain.relevance.store import read_decision
from lucidag.explain.store import read_explained
from lucidag.ground.files import read_json
from lucidag.ground.tables import read_table
from lucidag.units.clip.embeddings import read_embeddings
from lucidag.units.compare.summary import unlabelled
from lucidag.units.labels.unit_tables import read_units
from lucidag.units.passes.overlaps import read_overlaps
from tests.workflow.conftest import environment
from tests.workflow.reads import rules_seen, undeclared

pytestmark = pytest.mark.workflow

NETWORK = {
    "architecture": "lucidag.models.small:small_cnn",
    "options": {"width": 4, "depth": 2},
    "input": {"size": 32},
    "train": {"epochs": 1},
}
LAYERS = ["blocks.block2", "fc"]
DRAWN = {"source": "scenes", "number": 60, "size": 32}
WORDS = {
    "results": "dissected",
    "datasets": {"things": {**DRAWN, "label": "object"}, "where": {**DRAWN, "label": "place"}},
    "models": {"one": {**NETWORK, "dataset": "things"}, "two": {**NETWORK, "dataset": "where"}},
    "clips": {"small": {"train": {"dataset": "things", "steps": 3, "batch_size": 8, "image_size": 32, "width": 2}}},
    "dissect": {
        "probe": "things",
        "layers": {"one": LAYERS, "two": LAYERS},
        "clip_dissect": {"concepts": "config/words.txt"},
        "compare": [["one", "two"]],
        "batch_size": 8,
        "sheet": {"units": {"fc": [1]}, "images": 2},
        "resamples": 20,
    },
    "explain": {
        "models": ["one"],
        "images": {"things": ["scene-00001", "scene-00002"]},
        "methods": ["gradcam", "epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1"],
        "agreement": {"resamples": 10},
    },
    "relevance": {"atlas": {"layers": {"one": "blocks.block2"}, "units": 2, "examples": 2}},
    "faithfulness": {
        "methods": ["gradcam", "epsilon_plus_flat"],
        "infidelity_samples": 4,
        "sensitivity_samples": 2,
        "steps": 2,
        "randomisation_steps": 1,
        "shares": [0.5],
        "resamples": 10,
    },
    "units": {"models": ["one"], "layers": ["blocks.block1"], "images": 10, "random_sets": 19, "resamples": 20},
    "artefacts": {"datasets": ["things"], "finders": ["ring", "patch"], "resamples": 20},
}


FIGURES = [
    *(f"dissected/figures/dissect/{name}/netdissect-concepts.png" for name in ("one", "two", "one-vs-two")),
    *(f"dissected/figures/dissect/{name}/units.png" for name in ("one", "two")),
    "dissected/figures/explanations/one/lrp.png",
    "dissected/figures/relevance/one/scene-00001.png",
    "dissected/figures/faithfulness/one/ranking.png",
    "dissected/figures/artefacts/things/odds.png",
]
IMAGES = tuple(f"scene-{number:05d}" for number in range(1, 5))
ENDS = (".png", ".mask.png", ".npy")
METHODS = ("gradcam", "epsilon_plus_flat", "lime")
TARGETS = ["dissect", "relevance", "units", "faithfulnesses", "artefacts", *FIGURES]


@pytest.fixture(scope="module")
def run(project, snakemake) -> Path:
    """Return a folder in which it has run."""
    folder = project()
    (folder / "config/words.txt").write_text("ball\nfish\nbox\nred\nsea\nsomething else\n")
    (folder / "config/dissect.yaml").write_text(yaml.safe_dump(WORDS))
    snakemake(folder, *TARGETS, "--cores", "2", "--configfile", "config/dissect.yaml", timeout=900)
    return folder


def test_jobs_read_what_their_rules_name_and_nothing_else(run: Path) -> None:
    assert undeclared(run) == {}
    assert {"clip_embed", "dissect_compare", "relevance_atlas", "faithfulness", "artefact_audit"} <= rules_seen(run)


@pytest.mark.parametrize("model", ["one", "two"])
def test_units_are_called_by_both_methods(run: Path, model: str) -> None:
    block = read_units(run / f"dissected/dissect/{model}/blocks.block2.csv")
    assert block.groupby("method")["unit"].apply(list).to_dict() == {
        method: list(range(8)) for method in ("clip-dissect", "netdissect")
    }
    words = block[block["method"] == "clip-dissect"]
    known = {"ball", "fish", "box", "red", "sea", "something else", "none"}
    assert set(words["concept"]) <= known
    assert set(words["category"]) <= {"object", "colour", "place", ""}
    overlaps = read_overlaps(run / f"dissected/dissect/{model}/overlaps.safetensors")
    assert set(overlaps.concepts) == {"object", "material", "colour", "place"}
    assert overlaps.layers == ("blocks.block2",)
    last = read_units(run / f"dissected/dissect/{model}/fc.csv")
    assert set(last["method"]) == {"clip-dissect"}
    summary = read_json(run / f"dissected/dissect/{model}/summary.json")
    assert summary["layers"] == LAYERS
    assert summary["probe"]["images"] == 60
    top, *others = summary["notes"]
    assert top == (
        "the top 10 images of a unit are 17% of the 60 of the probe set, more than 5%, so that labels tend to what "
        "many images show"
    )
    # Trained for one epoch, they tell no more than an untrained network.
    assert others == unlabelled(summary)
    assert (
        "none of the 8 units has a confirmed label by netdissect: more images, or label maps of other concepts, may "
        "confirm some"
    ) in others
    shares = [each["untrained"]["overall"] for each in summary["methods"].values()]
    assert all(share["n"] > 0 and share["low"] <= share["value"] <= share["high"] for share in shares)
    quality = summary["labels"]["fc"]["clip-dissect"]["quality"]
    assert quality["units"] == (8 if model == "one" else 6)


@pytest.mark.parametrize("layer", ["blocks.block1", *LAYERS])
def test_each_layer_that_is_looked_at_has_a_dossier(run: Path, layer: str) -> None:
    table = read_table(run / f"dissected/units/one/{layer}.csv", ["unit", "warnings"])
    about = read_json(run / f"dissected/units/one/{layer}.json")
    assert table["unit"].tolist() == list(range({"blocks.block1": 4, "blocks.block2": 8, "fc": 8}[layer]))
    assert set(table.columns) == {*about["columns"], "warnings"}
    sources = {column["source"] for name, column in about["columns"].items() if name != "unit"}
    assert all((run / "dissected" / source).is_file() for source in sources)
    labels, exact, inner, relevance = (
        f"dissect/one/{layer}.csv",
        "units/one/effects.csv",
        f"units/one/inner/{layer}.csv",
        "relevance/one/crp/references.safetensors",
    )
    present = {
        "blocks.block1": {inner},
        "blocks.block2": {labels, exact, relevance},
        "fc": {labels},
    }[layer]
    assert sources & {labels, exact, inner, relevance} == present
    assert about["absent"]["roles, ranks"] == "there is no `rof` section"
    assert ("relevance" in about["absent"]) == (layer != "blocks.block2")
    assert ("labels" in about["absent"]) == (layer == "blocks.block1")


def test_effects_inside_are_of_ten_images_a_split(run: Path) -> None:
    found = read_json(run / "dissected/units/one/inner/blocks.block1.json")
    assert found["behind_alone"] is True
    assert max(found["images"].values()) <= 10
    table = read_table(run / "dissected/units/one/inner/blocks.block1.csv")
    assert set(table["baseline"]) == {"zero", "mean"}
    assert set(table["unit"]) == set(range(4))


def test_models_are_compared_and_figures_drawn(run: Path) -> None:
    found = read_json(run / "dissected/dissect/one-vs-two.json")
    assert (found["a"], found["b"]) == ("one", "two")
    assert set(found["methods"]) == {"clip-dissect", "netdissect"}
    figures = run / "dissected/figures/dissect"
    names = {str(file.relative_to(figures).with_suffix("")) for file in figures.rglob("*.pdf")}
    kinds = [f"{method}-{kind}" for method in ("clip-dissect", "netdissect") for kind in ("concepts", "categories")]
    assert names == {
        *(f"{name}/{kind}" for name in ("one", "two", "one-vs-two") for kind in kinds),
        "one/units",
        "two/units",
    }


def test_the_small_clip_is_asked_about_images_it_has_not_seen(run: Path) -> None:
    found = read_json(run / "dissected/clip/small/zero_shot.json")
    assert set(found["categories"]) == {"object", "material", "colour", "place"}
    for each in found["categories"].values():
        assert each["accuracy"]["low"] <= each["accuracy"]["value"] <= each["accuracy"]["high"]
    embeddings = read_embeddings(run / "dissected/clip/small/things")
    assert embeddings.concepts[-1] == "something else"
    for values in (embeddings.images, embeddings.texts):
        assert np.allclose(np.linalg.norm(values, axis=1), 1, atol=1e-5)


def test_relevance_of_pixels_and_of_units(run: Path) -> None:
    frames = read_explained(run / "dissected/explanations/one/maps/lrp/scene-00001.safetensors")
    assert [explained.image for explained in frames] == ["scene-00001", "scene-00002"]
    for explained in frames:
        assert list(explained.maps) == ["epsilon_plus_flat", "epsilon_gamma_box", "epsilon_alpha2_beta1"]
        total = explained.maps["epsilon_plus_flat"].sum(dtype=float)
        assert total == pytest.approx(explained.record["relevance"]["epsilon_plus_flat"], rel=1e-3, abs=1e-5)
        # Biases keep some of it, and nothing adds to it.
        assert abs(total) <= abs(explained.record["logit"]) * 1.5 + 1
    decision = read_decision(run / "dissected/relevance/one/crp/scene-00001.safetensors")
    assert (decision.image, decision.record["layer"]) == ("scene-00001", "blocks.block2")
    assert len(decision.units) == 2
    assert decision.units[0].share >= decision.units[1].share
    for name in ("explanations/one/lrp", "relevance/one/scene-00001"):
        assert (run / f"dissected/figures/{name}.png").stat().st_size > 0


def test_explanations_are_measured(run: Path) -> None:
    table = read_values(run / "dissected/faithfulness/one.csv")
    assert set(table["method"]) == {"gradcam", "epsilon_plus_flat", "centre", "random"}
    assert set(table["metric"]) == set(METRICS)
    assert set(table["image"]) == {"scene-00001", "scene-00002"}
    ranked = read_table(run / "dissected/faithfulness/one-ranking.csv")
    # Two images tell nothing apart.
    assert set(ranked["rank"].dropna()) <= {1.0}
    for name in ("ranking", "curves"):
        assert (run / f"dissected/figures/faithfulness/one/{name}.pdf").stat().st_size > 0


def test_what_goes_with_the_class_is_asked(run: Path) -> None:
    found = read_json(run / "dissected/artefacts/things.json")
    assert set(found["finders"]) == {"ring", "patch"}
    assert {"place", "colour", "material"} <= {each["column"] for each in found["associations"]}
    rows = pd.read_csv(run / "dissected/artefacts/things.csv")
    assert rows.columns.tolist() == ["image", "ring_score", "ring_found", "patch_score", "patch_found"]
    for name in ("odds", "grades", "examples"):
        assert (run / f"dissected/figures/artefacts/things/{name}.pdf").stat().st_size > 0


EVERYWHERE = [
    *(
        f"dissect/one{twin}/{name}"
        for twin in ("", "/untrained")
        for name in ("statistics.safetensors", "activations.npy", "overlaps.safetensors")
    ),
    *(f"faithfulness/one{end}.csv" for end in ("", "-curves", "-pairs", "-ranking", "-floors")),
    *(f"features/one/{split}.safetensors" for split in ("train", "val", "test")),
    *(f"explanations/one/{method}/{image}{end}" for method in METHODS for image in IMAGES for end in ENDS),
    *(f"agreement/one{end}.csv" for end in ("", "-spearman", "-summary")),
    *(f"localisation/one{end}.csv" for end in ("", "-summary")),
]


@pytest.fixture(scope="module")
def sharded(run: Path, root: Path, tmp_path_factory: pytest.TempPathFactory, python: Path):
    """Return a function from a number of shards to the bytes of all that is made, each in a copy of the run."""

    @cache
    def made(shards: int) -> dict[str, bytes]:
        words = copy.deepcopy(WORDS)
        words["explain"] |= {
            "images": {"things": list(IMAGES)},
            "methods": list(METHODS),
            "lime": {"segmentation": {"algorithm": "slic", "n_segments": 6}, "num_samples": 10, "num_features": 2},
        }
        words["models"]["one"]["batch_size"] = 8
        words["faithfulness"]["methods"] = list(METHODS)
        folder = tmp_path_factory.mktemp("sharded") / str(shards)
        shutil.copytree(run, folder, symlinks=True)
        for stage in ("dissect", "faithfulness"):
            shutil.rmtree(folder / "dissected" / stage)
        # The splits of 60 images have 5, 2 and 2 batches: some shards have no image of them.
        for section in (words["models"]["one"], *(words[name] for name in ("dissect", "faithfulness", "explain"))):
            section["shards"] = shards
        (folder / "config/shards.yaml").write_text(yaml.safe_dump(words))
        targets = [f"dissected/{name}" for name in EVERYWHERE]
        done = subprocess.run(
            [python, root / "tests/workflow/one_process.py", "config/shards.yaml", *targets],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        results = folder / "dissected"
        assert len(list(results.rglob(f"shards/*-of-{shards}.npy"))) == (2 * shards if shards > 1 else 0)
        # Four images are explained, so there are no more shards of them.
        assert len(list(results.rglob("one/maps/cam/*.safetensors"))) == min(shards, 4)
        assert len(list(results.rglob("shards/*-curves.csv"))) == (min(shards, 4) if shards > 1 else 0)
        kept = {name: (results / name).read_bytes() for name in EVERYWHERE}
        shutil.rmtree(folder)
        return kept

    return made


# Seven are more than the images that are explained; of three, one has no image of the splits with two batches.
@pytest.mark.parametrize("shards", [3, pytest.param(7, marks=pytest.mark.long)])
def test_any_number_of_shards_leaves_the_same_bytes(sharded, shards: int) -> None:
    whole, parts = sharded(1), sharded(shards)
    assert [name for name in EVERYWHERE if parts[name] != whole[name]] == []


def test_shards_are_planned_as_one_job_each_and_removed_when_joined(run: Path, snakemake) -> None:
    words = copy.deepcopy(WORDS)
    words["dissect"]["shards"] = words["faithfulness"]["shards"] = words["models"]["one"]["shards"] = 3
    (run / "config/shards.yaml").write_text(yaml.safe_dump(words))
    targets = [f"dissected/{name}" for name in EVERYWHERE if name.startswith(("dissect", "faithfulness", "features"))]
    done = snakemake(run, *targets, "--dry-run", "--configfile", "config/shards.yaml")
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, flags=re.MULTILINE))
    # Two images are explained, so there are two shards of them.
    # The untrained twin is shown the images in as many.
    shards = {"dissect_activations": "6", "dissect_overlaps": "6", "features": "3", "faithfulness": "2"}
    merged = {f"{stage}_merge": "2" if stage.startswith("dissect") else "1" for stage in shards}
    assert jobs == {**{f"{stage}_shard": count for stage, count in shards.items()}, **merged, "total": "23"}
    made = re.findall(
        r"dissected/\S+-of-\d\S*\.(?:safetensors|npy|csv)", " ".join(re.findall(r"output: .*", done.stdout))
    )
    removed = re.findall(r"Would remove temporary output (\S+)", done.stdout)
    assert sorted(removed) == sorted(made)
    assert len(made) == 3 * (3 + 2 * (2 + 1)) + 2 * 2


def test_other_words_leave_the_images_and_the_networks_alone(run: Path, planned, snakemake) -> None:
    kept = sorted((run / "dissected/clip/small/.cache").glob("images-*.npy"))
    assert len(kept) == 1
    (run / "config/words.txt").write_text("ball\nfish\nbox\n")
    found = planned(run, *TARGETS, "--configfile", "config/dissect.yaml")
    assert set(found) == {
        "clip_embed",
        "dissect_labels",
        "dissect_summary",
        "dissect_compare",
        "figures_dissect",
        "figures_units",
        "unit_images",  # of the same images: the file that names them names words too
        "unit_dossier",
    }
    target = "dissected/clip/small/things/texts.npy"
    snakemake(run, target, "--cores", "2", "--configfile", "config/dissect.yaml")
    assert sorted((run / "dissected/clip/small/.cache").glob("images-*.npy")) == kept


def test_a_concept_beyond_the_context_is_named(run: Path, snakemake) -> None:
    (run / "config/words.txt").write_text("ball\n" + " ".join(["word"] * 40) + "\n")
    target = "dissected/clip/small/things/texts.npy"
    done = snakemake(run, target, "--cores", "2", "--configfile", "config/dissect.yaml", check=False)
    assert done.returncode == 1
    (line,) = (line for line in (done.stdout + done.stderr).splitlines() if line.startswith("lucidag: "))
    assert line.startswith("lucidag: clip_embed small things: concepts: 1 of 2 have more tokens than the 18")


def test_a_mistake_in_the_concepts_is_found_before_anything_runs(run: Path, snakemake) -> None:
    (run / "config/words.txt").write_text("ball\n\nfish\n")
    done = snakemake(run, "--dry-run", "--configfile", "config/dissect.yaml", check=False)
    assert done.returncode == 1
    wanted = "lucidag: config/dissect.yaml: dissect.clip_dissect.concepts config/words.txt, line 2: is blank"
    assert wanted in done.stderr
