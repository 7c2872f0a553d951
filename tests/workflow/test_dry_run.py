"""What each shipped configuration would run, held against what was written down and read by a person.

`expected/{configuration}.txt` has one line per job: the job, and after the arrow the jobs and files that it waits for.
"""

import difflib
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

from lucidag.config.grid import write_out
from lucidag.explain.methods.registry import family_of

pytestmark = pytest.mark.workflow

EXPECTED = Path(__file__).parent / "expected"
CONFIGURATIONS = [
    "config",
    "generalisation",
    "planted",
    "shortcuts",
    "repair",
    "experiment",
    pytest.param("imagenet", marks=pytest.mark.shared_data),
    pytest.param("isic", marks=pytest.mark.shared_data),
    pytest.param("melanoma", marks=pytest.mark.shared_data),
    pytest.param("miniplaces", marks=pytest.mark.shared_data),
    pytest.param("mnist", marks=pytest.mark.shared_data),
]
# More files than this are told by their number.
MOST_FILES = 4


@dataclass(frozen=True)
class Job:
    """A job of a dry run."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    log: str
    resources: str


def jobs_of(text: str) -> list[Job]:
    """Read the jobs, target rules too, out of what a dry run says."""
    jobs = []
    for block in re.split(r"^(?=(?:local)?(?:rule|checkpoint) \w+:$)", text, flags=re.MULTILINE)[1:]:
        keys = dict(re.findall(r"^    (\w+): (.*)$", block, flags=re.MULTILINE))
        rule = block.split(":")[0].split()[-1]
        name = f"{rule} {keys['wildcards']}" if "wildcards" in keys else rule
        files, made = (tuple(filter(None, keys.get(key, "").split(", "))) for key in ("input", "output"))
        jobs.append(Job(name, files, made, keys.get("log", ""), keys.get("resources", "")))
    return jobs


def edges_of(jobs: list[Job]) -> dict[str, list[str]]:
    """Give, for every job, the jobs that make its inputs; then the files that no job makes.

    Not so the tables of others that claims are about: they are inputs where they are there, and need not be.
    """
    maker = {file: job.name for job in jobs for file in job.outputs}
    return {
        job.name: sorted({maker[file] for file in job.inputs if file in maker})
        + _foreign([file for file in job.inputs if file not in maker and job.name != "claims"])
        for job in jobs
    }


def _foreign(files: list[str]) -> list[str]:
    if len(files) <= MOST_FILES:
        return sorted(files)
    return [f"{len(files)} files in {os.path.commonpath(files) or '.'}"]


def page_of(edges: dict[str, list[str]]) -> str:
    """Write one line per job, each after those that it waits for; what `all` asks for, one line each."""

    @cache
    def depth(name: str) -> int:
        return 1 + max((depth(other) for other in edges.get(name, ())), default=0)

    lines = [
        f"{name} <- {', '.join(edges[name]) or 'nothing'}"
        for name in sorted(set(edges) - {"all"}, key=lambda name: (depth(name), name))
    ]
    return "\n".join([*lines, *(f"all <- {name}" for name in edges["all"])]) + "\n"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one results folder for all, as what was found out about their networks is kept there."""
    return tmp_path_factory.mktemp("dry") / "results"


@pytest.fixture(scope="module")
def dry_run(root: Path, results: Path, python: Path):
    """Return a function from the name of a configuration to the jobs of a dry run in the checkout, from nothing."""

    @cache
    def run(name: str) -> list[Job]:
        command = [
            str(python),
            "-m",
            "snakemake",
            "--dry-run",
            "--nolock",
            "--configfile",
            f"config/{name}.yaml",
            "--verbose",
        ]
        command += ["--config", f"results={results}"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        assert [path.name for path in results.iterdir()] == [".cache"]
        return jobs_of(done.stdout.replace(str(results), "results"))

    return run


def words_in(root: Path, name: str) -> dict:
    """Return the words of a file."""
    return yaml.safe_load((root / "config" / f"{name}.yaml").read_text())


def words_of(root: Path, name: str) -> dict:
    """Return the words of a file, its grids written out (`tests/config/test_grid.py` is about these)."""
    return write_out(words_in(root, name)).words


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_jobs_and_their_order_are_those_written_down(root: Path, dry_run, request, tmp_path: Path, name) -> None:
    if request.node.get_closest_marker("shared_data"):
        request.getfixturevalue("shared_data")
    page = page_of(edges_of(dry_run(name)))
    file = EXPECTED / f"{name}.txt"
    written = file.read_text() if file.is_file() else ""
    if page != written:
        actual = tmp_path / file.name
        actual.write_text(page)
        changes = difflib.unified_diff(written.splitlines(), page.splitlines(), "expected", "found", lineterm="", n=0)
        pytest.fail(
            "\n".join(changes)
            + f"\n\nRead every line above. If all of it is meant: cp {actual} {file.relative_to(root)}"
        )


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_jobs_follow_from_the_configuration(root: Path, dry_run, request, name) -> None:
    """The same in another way: counted from the words of the file, for what a snapshot could have got wrong."""
    if request.node.get_closest_marker("shared_data"):
        request.getfixturevalue("shared_data")
    words, jobs = words_of(root, name), dry_run(name)
    count = Counter(job.name.split()[0] for job in jobs)
    assert len({job.name for job in jobs}) == len(jobs)
    made = [file for job in jobs for file in job.outputs]
    assert len(set(made)) == len(made)
    for job in jobs:
        rule, _, wildcards = re.sub(r"^(explanation_images)_\d+", r"\1", job.name).partition(" ")
        parts = sorted(re.findall(r"=/?([^,]+)", wildcards)) or ["report"]
        log = re.sub(r"^results/logs/|\.log$", "", job.log)
        if rule == "explanation_images":  # its files name images, and its log the first of them
            parts = sorted([*parts, Path(job.outputs[0]).stem])
        rule = re.sub(r"_\d+$", "", rule)
        assert not job.outputs or (log.partition("/")[0], sorted(log.split("/")[1:])) == (rule, parts), job.name
        asked = set(re.findall(r"(\w+)=", job.resources))
        assert "gpu" not in asked or {"mem_mb", "runtime"} <= asked, job

    data = {job.name for job in jobs if job.name.startswith("data_")}
    assert data == {f"data_{dataset['source']} dataset={key}" for key, dataset in words["datasets"].items()}
    networks = {key: model["dataset"] for key, model in words["models"].items()}
    repairs = words.get("repair", {})
    networks |= {
        f"{key}{name.removeprefix(repair['model'])}": dataset
        for key, repair in repairs.items()
        for name, dataset in networks.items()
        if name == repair["model"] or name.startswith(f"{repair['model']}-s")
    }
    edges = edges_of(jobs)
    made_by = ("train", "import_model", "repair_model")
    for network, dataset in networks.items():
        (source,) = (job for job in data if job.endswith(f" dataset={dataset}"))
        (checkpoint,) = (job for job in edges if job in {f"{rule} model={network}" for rule in made_by})
        if not isinstance(words["datasets"][dataset].get("classes"), str):
            assert source in edges[checkpoint]
        assert edges[f"features model={network}"] == sorted([source, checkpoint])
    named = words.get("rof", {}).get("models", list(networks)) if "rof" in words else []
    examined = [model for model in networks if any(f"{model}-".startswith(f"{name}-") for name in named)]
    for rule in ("features", "evaluate"):
        assert count[rule] == len(networks), rule
    assert count["check_import"] == count["import_model"]
    for rule in ("rank", "sweep", "turning_points", "figures_rof"):
        assert count[rule] == len(examined), rule
    explain = words.get("explain", {})
    explained = explain.get("models", list(networks)) if explain else []
    asked = [explain["images"][networks[name]] for name in explained]
    numbers = [each if isinstance(each, int) else len(each) for each in asked]
    batches = sum(-(-number // explain.get("images_per_job", 10)) for number in numbers)
    # Models that different methods explain have rules of their own.
    assert sum(number for rule, number in count.items() if rule.startswith("explanation_images")) == batches
    assert sum(number for rule, number in count.items() if rule.startswith("figures_explanations")) == len(explained)
    assert sum(number for rule, number in count.items() if rule.startswith("figures_models")) == len(networks)
    left_out = {name: set(explain.get("without", {}).get(name, [])) for name in explained}
    methods = {name: set(explain.get("methods", [])) - left_out[name] for name in explained}
    sheets = [file for file in made if re.fullmatch(r"results/figures/explanations/[^/]+/[^/]+\.png", file)]
    assert len(sheets) == sum(len(set(map(family_of, own))) for own in methods.values())
    for rule in ("explanation_checks", "agreement", "figures_agreement", "localisation", "figures_localisation"):
        assert count[rule] == len(explained), rule
    dissect = words.get("dissect", {})
    dissected = dissect.get("models", list(networks)) if dissect else []
    for rule, of_each in (("dissect_passes", 2), ("dissect_summary", 1), ("figures_units", 1)):  # its untrained twin
        assert count[rule] == of_each * len(dissected), rule
    named, usual = dissect.get("layers", {}), ["layer2", "layer3", "layer4", "fc"]  # by model, or by family
    layers = [named.get(name, named.get(re.sub(r"-s\d+$", "", name), usual)) for name in dissected]
    assert count["dissect_labels"] == sum(map(len, layers))
    assert count["dissect_compare"] == len(dissect.get("compare", []))
    assert count["clip_train"] == sum("train" in clip for clip in words.get("clips", {}).values())
    relevance = words.get("relevance", {})
    shown = relevance.get("models", explained) if relevance else []
    for rule in ("relevance_references", "figures_atlas", "relevance_atlas"):
        assert count[rule] == len(shown), rule
    measured = words["faithfulness"].get("models", explained) if "faithfulness" in words else []
    assert count["faithfulness"] == count["figures_faithfulness"] == len(measured)
    discover = words.get("discover", {"models": []}).get("models", list(networks))
    looked_into = [name for name in networks if name.rpartition("-s")[0] in discover or name in discover]
    assert count["discover"] == count["figures_discovery"] == len(looked_into)
    assert count["repair_report"] == len(repairs)
    assert count["shortcut"] == count["figures_shortcut"] == len(words.get("shortcuts", {}))
    lost = words["units"].get("models", list(networks)) if "units" in words else []
    assert count["unit_effects"] == count["figures_effects"] == len(lost)
    assert count["unit_dossier"] >= len(lost)
    planted = words["planted"].get("models", list(networks)) if "planted" in words else []
    assert count["planted_truth"] == count["planted_scores"] == len(planted)
    assert count["planted_summary"] == bool(planted)
    audited = words.get("artefacts", {}).get("datasets", [])
    assert count["artefact_audit"] == count["figures_artefacts"] == len(audited)
    families = [key for key, model in words_in(root, name)["models"].items() if {"grid", "seeds"} & set(model)]
    families += list(words.get("repair", {}))  # of families, in the shipped configurations
    assert count["compare_models"] == count["compare_factors"] == bool(families)
    assert count["figures_experiments"] == len(families)
    assert count["figures_data"] == len(words["datasets"])
    assert count["notebook"] == 1
    assert count["generalisation"] == count["figures_generalisation"] == len(words.get("generalisation", {}))

    # Nothing is made in vain: whatever no other job takes, the default target asks for.
    taken = {other for job, others in edges.items() if job != "all" for other in others}
    assert set(edges) - taken - {"all"} <= set(edges["all"])


def test_every_shipped_configuration_is_written_down(root: Path) -> None:
    shipped = {file.stem for file in (root / "config").glob("*.yaml")} - {"claims"}
    assert shipped == {file.stem for file in EXPECTED.glob("*.txt")}
    assert shipped == {case if isinstance(case, str) else case.values[0] for case in CONFIGURATIONS}


def test_snakemake_has_nothing_to_say_about_the_style(root: Path, results: Path, python: Path) -> None:
    command = [str(python), "-m", "snakemake", "--lint", "--config", f"results={results}"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0
    assert "Lints for" not in done.stdout + done.stderr
    assert "your workflow is in a good condition" in done.stdout + done.stderr


def test_the_layout_is_that_of_snakefmt(root: Path) -> None:
    command = [str(Path(sys.executable).with_name("snakefmt")), "--check", "Snakefile", "rules"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
