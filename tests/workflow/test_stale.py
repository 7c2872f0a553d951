"""What becomes stale by which edit: exactly these jobs and no other, by a dry run on a copy of a finished run."""

import ast
import os
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from PIL import Image

pytestmark = pytest.mark.workflow

# The workflow of the tiny configuration, by hand: what stands behind each stage.
BEHIND = {
    "train": ["figures_models", "features", "explanations", "dissect_passes", "figures_units"],
    "features": ["evaluate", "rank", "sweep", "dissect_roles"],
    "features_merge": ["evaluate", "rank", "sweep", "dissect_roles"],
    "evaluate": ["figures_models", "figures_rof"],
    "rank": ["sweep"],
    "sweep": ["turning_points", "figures_rof"],
    "turning_points": ["figures_rof", "dissect_roles"],
    "dissect_passes": ["dissect_labels", "dissect_summary", "dissect_roles", "figures_units"],
    "dissect_labels": ["dissect_summary", "dissect_roles", "figures_units", "figures_dissect"],
    "dissect_summary": ["figures_dissect"],
    "dissect_roles": ["figures_concept_roles"],
    "figures_dissect": [],
    "figures_units": [],
    "figures_concept_roles": [],
    "figures_rof": [],
    "figures_models": [],
}


# The explanations of b: images 00 and 01 are one job of a family and 02 another; 01 has settings of LIME of its own.
# What is drawn of a job of images has a rule of its own, named by its number.
DRAWN = {"00": "explanation_images", "02": "explanation_images_1"}


def explained(family: str, batches: str, drawn: str) -> set[tuple[str, str]]:
    """Give jobs of a family of methods, and what is drawn of its maps."""
    return {
        *(("explanations", f"model=b, family={family}, batch={batch}") for batch in batches.split()),
        *((DRAWN[batch], "model=b") for batch in drawn.split()),
        ("figures_explanations", "model=b"),
    }


CAM, LRP = (explained(family, "00 02", "00 02") for family in ("cam", "lrp"))
LIME = {"00": explained("lime", "00", "00 02"), "01": explained("lime", "01", "00")}
COMPARED = {(rule, "model=b") for rule in ("agreement", "figures_agreement", "localisation", "figures_localisation")}
CHECKED = {("explanation_checks", "model=b")}  # of image 00
EXPLANATIONS = {
    "explanations": CAM | LRP | LIME["00"] | LIME["01"] | COMPARED | CHECKED,
    "explanations by cam": CAM | COMPARED | CHECKED,
    "explanations by lime": LIME["00"] | LIME["01"] | COMPARED | CHECKED,
    "explanations by lime of 01": LIME["01"] | COMPARED,
    "explanations by lime of 00": LIME["00"] | COMPARED | CHECKED,
    "explanation_images": {(rule, "model=b") for rule in DRAWN.values()},
    "figures_explanations": {("figures_explanations", "model=b")},
    "agreement": {job for job in COMPARED if "agreement" in job[0]},
    "localisation": {job for job in COMPARED if "localisation" in job[0]},
    "figures_agreement": {("figures_agreement", "model=b")},
    "figures_localisation": {("figures_localisation", "model=b")},
    "images of 01": explained("cam", "00", "00") | explained("lrp", "00", "00") | LIME["01"] | COMPARED | CHECKED,
}
# What the notebook does not show: the files of single images.
NOT_SHOWN = set(DRAWN.values())
# The units of b are compared with concepts.
NOTEBOOK = {("notebook", "")}
ATLAS = {("atlas", "")}
NOT_IN_THE_ATLAS = NOT_SHOWN | {"dissect_roles", "notebook"}
LAYERS = ("blocks.block3", "fc")
OF_UNITS = {"dissect_passes", "dissect_labels", "dissect_summary", "dissect_roles"} | {
    f"figures_{name}" for name in ("dissect", "units", "concept_roles")
}
OF_ROF = {"rank", "sweep", "turning_points", "figures_rof"}
EXAMINED = ["a", "b"]
MODELS_OF = {"digits": ["a"], "own": ["b", "c"]}
DATA_RULE = {"digits": "data_digits", "own": "data_folder"}

Jobs = dict[str, list[str]]


def behind(stage: str, name: str) -> set[tuple[str, str]]:
    """Give a stage of a model (or a data set), and everything that stands behind it, as (rule, wildcards)."""
    if stage in DATA_RULE.values():
        jobs = {(stage, f"dataset={name}"), ("figures_data", f"dataset={name}")}
        for model in MODELS_OF[name]:
            jobs |= behind("train", model) | {("figures_models", f"model={model}")}
        return jobs
    if stage == "figures_data":
        return {(stage, f"dataset={name}")}
    if stage in ("notebook", "atlas"):
        return {(stage, "")}
    if stage in EXPLANATIONS:
        return EXPLANATIONS[stage] if name == "b" else set()
    if (stage in OF_ROF and name not in EXAMINED) or (stage in OF_UNITS and name != "b"):
        return set()
    return jobs_of(stage, name).union(*(behind(later, name) for later in BEHIND[stage]))


def jobs_of(stage: str, model: str) -> set[tuple[str, str]]:
    """Give the jobs of a stage of a model.

    One, but of labels one per layer, before a merge its shards, and of passes one of the untrained twin too.
    """
    if stage == "dissect_passes":
        return {(stage, f"model={model}, twin={twin}") for twin in ("", "/untrained")}
    if stage == "dissect_labels":
        return {(stage, f"model={model}, layer={layer}") for layer in LAYERS}
    if stage == "features_merge":
        return {(stage, f"model={model}")} | {("features_shard", f"model={model}, shard={n}-of-2") for n in (1, 2)}
    return {(stage, f"{'dissected' if stage == 'figures_dissect' else 'model'}={model}")}


def plan_of(first: dict[str, str]) -> Jobs:
    """Give all jobs of these stages and of what stands behind them, as a dry run lists them."""
    jobs = set().union(*(behind(stage, name) for stage, names in first.items() for name in names.split()))
    if {rule for rule, _ in jobs} - NOT_SHOWN:
        jobs |= NOTEBOOK
    if any(rule not in NOT_IN_THE_ATLAS and not rule.startswith("figures_") for rule, _ in jobs):
        jobs |= ATLAS
    found = defaultdict(list)
    for rule, wildcards in sorted(jobs):
        found[rule].append(wildcards)
    return dict(found)


def rewrite(file: str, *changes: tuple[str, str]) -> Callable[[Path], None]:
    """Return an edit that replaces each text of a file by another."""

    def edit(folder: Path) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, f"{file} does not contain {old!r}"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    return edit


def append(file: str, text: str) -> Callable[[Path], None]:
    """Return an edit that adds a text at the end of a file."""

    def edit(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8") as handle:
            handle.write(text)

    return edit


def setting(**values: object) -> Callable[[Path], None]:
    """Return an edit of the configuration: ``models__a__train__lr=1`` is models.a.train.lr."""

    def edit(folder: Path) -> None:
        file = folder / "config/tiny.yaml"
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
        for key, value in values.items():
            *path, last = key.split("__")
            section = config
            for part in path:
                section = section[part]
            assert section.get(last) != value
            section[last] = value
        file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")

    return edit


def python_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("lucidag/**/*.py"), *folder.glob("workflow/scripts/*.py"), folder / "mynet.py"])


def print_anew(folder: Path) -> None:
    """Print every module from its syntax: other line breaks, quotes and brackets, and no comment."""
    for file in python_files(folder):
        text = file.read_text(encoding="utf-8")
        file.write_text(ast.unparse(ast.parse(text)), encoding="utf-8")
        assert len(text) < 50 or file.read_text(encoding="utf-8") != text


def touch_code(folder: Path) -> None:
    for file in [*python_files(folder), folder / "Snakefile", *folder.glob("rules/*")]:
        os.utime(file)


def touch_data(folder: Path) -> None:
    for file in folder.glob("own/**/*"):
        os.utime(file)


def install(package: str) -> Callable[[Path], None]:
    """Return an edit after which another version of a package seems to be installed."""

    def edit(folder: Path) -> None:
        # The working directory stands first where Python looks for what is installed.
        about = folder / f"{package}-99.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 99.0\n", encoding="utf-8")
        (about / "top_level.txt").write_text(f"{package}\n", encoding="utf-8")

    return edit


def paint(file: str) -> Callable[[Path], None]:
    """Return an edit that changes one pixel."""

    def edit(folder: Path) -> None:
        with Image.open(folder / file) as image:
            changed = image.copy()
        changed.putpixel((0, 0), 77 if changed.mode == "L" else (77, 0, 0))
        changed.save(folder / file)

    return edit


def remove(file: str) -> Callable[[Path], None]:
    """Return an edit that deletes a file."""
    return lambda folder: (folder / file).unlink()


@dataclass(frozen=True)
class Edit:
    """An edit in the words of docs/staleness.md, the first stages that it makes stale, and how it is made."""

    words: str
    first: dict[str, str]
    make: Callable[[Path], None]

    @property
    def outcome(self) -> str:
        """The first stages, in the words of the page."""
        return "; ".join(f"`{stage}` of {', '.join(names.split())}" for stage, names in self.first.items()) or "nothing"


NOTHING: dict[str, str] = {}
MODELS = "a b c"
EDITS = [
    # Code that says the same.
    Edit("a comment in a module", NOTHING, append("lucidag/rof/rank.py", "\n# a note\n")),
    Edit("a docstring", NOTHING, rewrite("lucidag/models/train.py", ('"""Train `model` in place', '"""Teach `model`'))),
    Edit("every module and script printed in another layout", NOTHING, print_anew),
    Edit("new times of every module, script and rule file (`touch`, a fresh clone)", NOTHING, touch_code),
    # Code that says something else.
    Edit(
        "a local variable renamed in `lucidag/rof/rank.py`",
        {"rank": "a b"},
        rewrite("lucidag/rof/rank.py", ("strength", "mean_strength")),
    ),
    Edit(
        "a function in `lucidag/models/frames.py`, which training and features share",
        {"train": MODELS},
        append("lucidag/models/frames.py", "\n\ndef later() -> int:\n    return 1\n"),
    ),
    Edit(
        "the reading of images, `lucidag/data/images.py`",
        {"data_folder": "own", "data_digits": "digits"},
        append("lucidag/data/images.py", "\nNUMBER = 1\n"),
    ),
    Edit(
        "a source of data, `lucidag/data/sources/folder.py`",
        {"data_folder": "own"},
        append("lucidag/data/sources/folder.py", "\nNUMBER = 1\n"),
    ),
    Edit(
        "a further source in the list of `lucidag/data/registry.py`",
        NOTHING,
        rewrite(
            "lucidag/data/registry.py", ("SOURCES = {", 'SOURCES = {"more": "lucidag.data.sources.digits:Digits",')
        ),
    ),
    Edit(
        "how features are taken, `lucidag/models/extract.py`",
        {"features": MODELS},
        rewrite("lucidag/models/extract.py", ("TOLERANCE = 1e-3", "TOLERANCE = 2e-3")),
    ),
    Edit(
        "the bootstrap, `lucidag/rof/bands.py`",
        {"sweep": "a b"},
        append("lucidag/rof/bands.py", "\nNUMBER = 1\n"),
    ),
    Edit(
        "the look of all figures, `lucidag/figures/style.py`",
        {
            "figures_data": "digits own",
            "figures_models": MODELS,
            "figures_rof": "a b",
            "figures_explanations": "b",
            "figures_agreement": "b",
            "figures_localisation": "b",
            "explanation_images": "b",
            "figures_dissect": "b",
            "figures_units": "b",
            "figures_concept_roles": "b",
        },
        append("lucidag/figures/style.py", "\nNUMBER = 1\n"),
    ),
    Edit(
        "the script of `evaluate`",
        {"evaluate": MODELS},
        append("workflow/scripts/evaluate.py", "\nNUMBER = 1\n"),
    ),
    Edit("the module of one's own network", {"train": "c"}, rewrite("mynet.py", ("units = 6", "units = 5"))),
    Edit("a comment in the module of one's own network", NOTHING, append("mynet.py", "# a note\n")),
    Edit(
        "how the configuration is checked, where its values stay the same",
        NOTHING,
        append("lucidag/config/load.py", "\nNUMBER = 1\n"),
    ),
    Edit(
        "the number of threads that a rule asks for", NOTHING, rewrite("rules/models.smk", ("threads: 2", "threads: 1"))
    ),
    # Packages.
    Edit(
        "another version of scipy",
        {"evaluate": MODELS, "explanations": "b", "dissect_labels": "b"},
        install("scipy"),
    ),
    Edit("another version of torch", {"train": MODELS}, install("torch")),
    Edit("another version of Snakemake", NOTHING, install("snakemake")),
    # Settings.
    Edit("`models.a.train.lr`", {"train": "a"}, setting(models__a__train__lr=0.02)),
    Edit(
        "the values of `lr` and `weight_decay` of a, swapped",
        {"train": "a"},
        setting(models__a__train__lr=0.001, models__a__train__weight_decay=0.01),
    ),
    Edit("`models.b.batch_size`, outside training", {"features": "b"}, setting(models__b__batch_size=5)),
    Edit("`models.b.shards`: 2, for features in shards", {"features_merge": "b"}, setting(models__b__shards=2)),
    Edit("`datasets.digits.groups`", {"features": "a"}, setting(datasets__digits__groups=["label", "ink"])),
    Edit(
        "`label` added to `datasets.own.groups`", {"features": "b c"}, setting(datasets__own__groups=["label", "site"])
    ),
    Edit(
        "a column of the CSV taken out of `datasets.own.groups`",
        {"data_folder": "own"},
        setting(datasets__own__groups=["label"]),
    ),
    Edit("`datasets.own.min_group`", {"evaluate": "b c", "sweep": "b"}, setting(datasets__own__min_group=2)),
    Edit("`datasets.own.seed`", {"data_folder": "own"}, setting(datasets__own__seed=1)),
    Edit("`rof.points`", {"turning_points": "a b"}, setting(rof__points=[2])),
    Edit("`rof.resamples`", {"sweep": "a b"}, setting(rof__resamples=11)),
    Edit("`rof.random_orders`", {"rank": "a b"}, setting(rof__random_orders=3)),
    Edit("`rof.select_metric`", {"figures_rof": "a b"}, setting(rof__select_metric="accuracy")),
    Edit(
        "`explain.images.own.01.lime.num_samples`",
        {"explanations by lime of 01": "b"},
        setting(explain__images__own__01__lime__num_samples=9),
    ),
    Edit("`explain.lime.num_features`", {"explanations by lime": "b"}, setting(explain__lime__num_features=3)),
    Edit("`explain.cam.batch_size`", {"explanations by cam": "b"}, setting(explain__cam={"batch_size": 5})),
    Edit("`explain.agreement.area`", {"agreement": "b"}, setting(explain__agreement__area=0.3)),
    Edit(
        "the tables of agreement, `lucidag/explain/agreement/agreement.py`",
        {"agreement": "b", "localisation": "b"},
        append("lucidag/explain/agreement/agreement.py", "\nNUMBER = 1\n"),
    ),
    Edit(
        "how superpixels are found, `lucidag/explain/lime/segments.py`",
        {"explanations by lime": "b"},
        append("lucidag/explain/lime/segments.py", "\nNUMBER = 1\n"),
    ),
    Edit(
        "a class activation map, `lucidag/explain/methods/gradcam.py`",
        {"explanations by cam": "b"},
        append("lucidag/explain/methods/gradcam.py", "\nNUMBER = 1\n"),
    ),
    Edit("`dissect.top`", {"dissect_passes": "b"}, setting(dissect__top=5)),
    Edit(
        "`dissect.clip_dissect.similarity`",
        {"dissect_labels": "b"},
        setting(dissect__clip_dissect={"evidence": "annotations", "columns": ["label", "site"], "similarity": "wpmi"}),
    ),
    Edit(
        "`dissect.min_units_per_concept`",
        {"dissect_summary": "b", "figures_dissect": "b"},
        setting(dissect__min_units_per_concept=3),
    ),
    Edit("`dissect.sheet.images`", {"figures_units": "b"}, setting(dissect__sheet={"units": 2, "images": 4})),
    Edit(
        "how units are labelled, `lucidag/units/labels/similarity.py`",
        {"dissect_labels": "b"},
        append("lucidag/units/labels/similarity.py", "\nNUMBER = 1\n"),
    ),
    Edit(
        "how roles and labels are joined, `lucidag/units/compare/roles_join.py`",
        {"dissect_roles": "b"},
        append("lucidag/units/compare/roles_join.py", "\nNUMBER = 1\n"),
    ),
    Edit(
        "a sentence of the notebook, `lucidag/report/networks.py`",
        {"notebook": "all"},
        rewrite("lucidag/report/networks.py", ("drawn at random", "drawn by chance")),
    ),
    Edit("a value written out that is the default", NOTHING, setting(rof__confidence=0.95, models__a__batch_size=64)),
    # Data.
    Edit("one pixel of an image", {"data_folder": "own"}, paint("own/03.png")),
    Edit("one pixel of a mask", {"data_folder": "own"}, paint("own/masks/03.png")),
    Edit(
        "a label in the CSV",
        {"data_folder": "own"},
        rewrite("own/labels.csv", ("03.png,square,foot,p1", "03.png,round,foot,p1")),
    ),
    Edit("new times of all images and of the CSV", NOTHING, touch_data),
    # Machine.
    Edit(
        "another value in the default profile",
        NOTHING,
        rewrite("profiles/default/profile.v9+.yaml", ("keep-going: true", "keep-going: false")),
    ),
    Edit(
        "a pin in `envs/tables.yaml`, in a run without conda",
        NOTHING,
        rewrite("envs/tables.yaml", ("scipy==", "scipy>=")),
    ),
    # Results.
    Edit(
        "`rof/a/turning_points.json` deleted, which `all` asks for",
        {"turning_points": "a"},
        remove("results/rof/a/turning_points.json"),
    ),
    Edit("`rof/a/sweep.csv` deleted, which only later stages ask for", NOTHING, remove("results/rof/a/sweep.csv")),
    Edit(
        "`models/a/evaluation.json` edited by hand",
        {"figures_models": "a", "figures_rof": "a", "notebook": "all", "atlas": "all"},
        append("results/models/a/evaluation.json", "\n"),
    ),
]


# Edits that ask of another file or key what an everyday one asks: they are in the long form of the suite.
AGAIN = {
    "a comment in the module of one's own network",  # a comment in a module
    "the bootstrap, `lucidag/rof/bands.py`",  # a module of one stage: how features are taken
    "the tables of agreement, `lucidag/explain/agreement/agreement.py`",
    "how superpixels are found, `lucidag/explain/lime/segments.py`",
    "how units are labelled, `lucidag/units/labels/similarity.py`",
    "how roles and labels are joined, `lucidag/units/compare/roles_join.py`",
    "another version of torch",  # of scipy
    "`datasets.own.seed`",  # what a data set is made from: a column taken out
    "`rof.random_orders`",  # a value of one stage: `rof.points`, `rof.resamples`
    "`rof.select_metric`",
    "`explain.agreement.area`",
    "`dissect.clip_dissect.similarity`",
    "`dissect.sheet.images`",
    "one pixel of a mask",  # of an image
}


@pytest.mark.parametrize(
    "edit",
    [pytest.param(edit, id=edit.words, marks=[pytest.mark.long] if edit.words in AGAIN else []) for edit in EDITS],
)
def test_what_an_edit_makes_stale(copied: Path, planned, edit: Edit) -> None:
    edit.make(copied)
    assert planned(copied) == plan_of(edit.first)


def test_another_model_runs_alone(copied: Path, planned) -> None:
    rewrite("config/tiny.yaml", ("  b:\n", "  b: &b\n"), ("\nrof:\n", "  d: {<<: *b, seeds: [7]}\n\nrof:\n"))(copied)
    new = {"train", "features", "evaluate", "figures_models"}
    joins = {rule: [""] for rule in ("compare_models", "compare_factors", "atlas", "notebook")}
    assert planned(copied) == {rule: ["model=d-s7"] for rule in new} | joins | {"figures_experiments": ["grid=d"]}


def test_a_further_image_is_explained_alone(copied: Path, planned) -> None:
    """Images are added to the second job of maps and to the shared one of LIME, which is not full."""
    setting(explain__images__own={"00": {}, "01": {"lime": {"num_samples": 8}}, "02": {}, "03": {"lime": {"seed": 1}}})(
        copied
    )
    found = planned(copied)
    families = {"cam": "02", "lime": "03", "lrp": "02"}
    assert found.pop("explanations") == [f"model=b, family={name}, batch={batch}" for name, batch in families.items()]
    assert found.pop("explanation_images_1") == ["model=b"]  # the first two are drawn as they were
    assert found.pop("figures_explanations") == ["model=b"]
    assert found.pop("notebook") == found.pop("atlas") == [""]
    assert found == {rule: ["model=b"] for rule, _ in COMPARED}


def test_the_notebook_can_be_left_out(copied: Path, planned) -> None:
    remove("results/report.html")(copied)
    assert planned(copied) == {"notebook": [""]}
    setting(report={"notebook": False})(copied)
    assert planned(copied) == {}


def test_a_stale_stage_that_ran_is_no_longer_stale(copied: Path, snakemake, planned) -> None:
    before = (copied / "results/rof/a/sweep.csv").stat().st_mtime_ns
    setting(rof__points=[3])(copied)
    snakemake(copied, "--cores", "2")
    assert planned(copied) == {}
    assert (copied / "results/rof/a/points.csv").read_text().splitlines()[1].startswith("train,l1,3,")
    assert (copied / "results/rof/a/sweep.csv").stat().st_mtime_ns == before


def test_a_changed_image_is_not_forgotten_between_two_runs(copied: Path, snakemake, planned) -> None:
    paint("own/03.png")(copied)
    snakemake(copied, "results/data/own/manifest.csv", "--cores", "1")
    expected = behind("data_folder", "own") - {("data_folder", "dataset=own")} | NOTEBOOK | ATLAS
    found = planned(copied)
    # dataset.json is the same as before, so the confusion matrices are stale by their evaluation alone.
    assert {(rule, each) for rule, jobs in found.items() for each in jobs} == expected


def test_the_dry_run_says_why(copied: Path, snakemake) -> None:
    setting(models__a__train__lr=0.02)(copied)
    done = snakemake(copied, "--dry-run", "results/models/a/checkpoint.safetensors")
    said = done.stdout + done.stderr
    assert "Params have changed since last execution" in said
    assert "'lr': 0.01" in said
    assert "'lr': 0.02" in said


def test_what_the_long_form_repeats_are_edits_and_the_fewer() -> None:
    assert {edit.words for edit in EDITS} >= AGAIN
    assert len(AGAIN) < len(EDITS) / 3


def test_the_page_lists_these_edits(root: Path) -> None:
    page = (root / "docs" / "staleness.md").read_text(encoding="utf-8")
    table = page.partition("| edit | ")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", table, flags=re.MULTILINE)
    assert rows == [(edit.words, edit.outcome) for edit in EDITS]
