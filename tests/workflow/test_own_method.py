"""Input x gradient as a method: one file and one line in the table, or one file of the user's own."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from lucidag.explain.agreement.agreement import agreement_order
from lucidag.explain.agreement.images import read_images
from lucidag.explain.store import About, read_explained, read_titles
from lucidag.explain.subjects import read_subjects
from lucidag.figures.explanations import side_by_side
from lucidag.figures.faithfulness import ranking
from lucidag.figures.heat_map import heat_map
from lucidag.figures.localisation import localisation
from lucidag.ground.errors import InputError
from lucidag.ground.tables import read_table
from tests.workflow.conftest import jobs_in

METHOD = '''\
"""Input x gradient."""

import torch

from lucidag.explain.methods.base import Method


class InputXGradient(Method):
    title, kind, needs = "input x gradient", "signed", "gradients"

    def maps(self, model, x, target):
        x = x.requires_grad_()
        (gradient,) = torch.autograd.grad(model(x)[:, target].sum(), x)
        return (x * gradient).sum(dim=1)
'''
LINE = '    "input_x_gradient": "lucidag.explain.methods.input_x_gradient:InputXGradient",\n'
CONFIGURATION = """\
datasets:
  own:
    source: folder
    path: own/labels.csv
    columns: {label: diagnosis, mask: outline, id: patient}
    splits: {train: 0.5, val: 0.25, test: 0.25}
models:
  b:
    dataset: own
    architecture: lucidag.models.small:small_cnn
    options: {width: 4}
    input: {size: 16, mean: [0.5], std: [0.25]}
    train: {epochs: 1, batch_size: 8}
explain:
  images: {own: ["00", "01", "02"]}
  methods: [gradcam, lime, epsilon_plus_flat, METHOD]
  lime: {segmentation: {algorithm: slic, n_segments: 6}, num_features: 2, num_samples: 10}
  agreement: {thresholds: [0.5], resamples: 10}
  localisation: {thresholds: [0.5], resamples: 10}
faithfulness:
  sensitivity_samples: 2
  infidelity_samples: 4
  steps: 2
  shares: [0.5]
  randomisation_steps: 1
  resamples: 10
"""
REGISTERED, OWN = "input_x_gradient", "mymethods:InputXGradient"


def configured(folder: Path, method: str) -> None:
    """Write the configuration with a method, and the method itself."""
    (folder / "config" / "tiny.yaml").write_text(CONFIGURATION.replace("METHOD", method), encoding="utf-8")
    if method == OWN:
        (folder / "mymethods.py").write_text(METHOD, encoding="utf-8")
        return
    methods = folder / "lucidag" / "explain" / "methods"
    (methods / "input_x_gradient.py").write_text(METHOD, encoding="utf-8")
    registry = methods / "registry.py"
    text = registry.read_text(encoding="utf-8")
    assert text.count("METHODS: Mapping[str, str] = {\n") == 1
    registry.write_text(text.replace("METHODS: Mapping[str, str] = {\n", f"METHODS: Mapping[str, str] = {{\n{LINE}"))


def digests(folder: Path) -> dict[str, str]:
    found = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture(scope="module", params=[REGISTERED, pytest.param(OWN, marks=pytest.mark.long)])
def run(request, project, snakemake) -> tuple[Path, str]:
    """Return the folder of a run to its end, and the method's name in files."""
    folder = project()
    before = digests(folder)
    configured(folder, request.param)
    changed = {path for path, digest in digests(folder).items() if before.get(path) != digest} - {"config/tiny.yaml"}
    assert changed == (
        {"mymethods.py"}
        if request.param == OWN
        else {"lucidag/explain/methods/input_x_gradient.py", "lucidag/explain/methods/registry.py"}
    )
    snakemake(folder, "--cores", "2", timeout=900)
    return folder / "results", request.param.rpartition(":")[2]


@pytest.mark.workflow
def test_the_maps_are_input_times_gradient(run, monkeypatch) -> None:
    import torch

    from lucidag.models.trained import open_trained

    results, name = run
    monkeypatch.chdir(results.parent)  # the paths of images start there
    found = {each.image: each for each in read_explained(results / f"explanations/b/maps/{name}/00.safetensors")}
    assert list(found) == ["00", "01", "02"]
    size = {"size": 16, "channels": 3, "resize": "stretch", "mean": [0.5], "std": [0.25]}
    words = {"architecture": "lucidag.models.small:small_cnn", "options": {"width": 4}, "input": size, "head": None}
    network, classes = open_trained(words, str(results / "models/b/checkpoint.safetensors"))
    rows = [{"image": "01", "path": None, "mask": None, "label": None, "target": None}]
    (subject,) = read_subjects(rows, results / "data/own", network.inputs, classes)
    x = network.inputs.normalise(subject.frame[None]).requires_grad_()
    logits = network.model.eval()(x)[0]
    logits[int(logits.argmax())].backward()
    np.testing.assert_allclose(found["01"].maps[name], (x * x.grad).sum(1)[0].detach(), rtol=1e-4, atol=1e-6)
    assert found["01"].about[name] == About("input x gradient", "signed")
    for image in found:
        files = [results / f"explanations/b/{name}/{image}{end}" for end in (".png", ".mask.png", ".npy", ".json")]
        assert all(file.stat().st_size for file in files)
        np.testing.assert_array_equal(np.load(files[2]), found[image].maps[name])
        assert json.loads(files[3].read_text())["target"] == found[image].record["target"]
    assert torch.is_tensor(x)


@pytest.mark.workflow
def test_it_is_in_every_table(run) -> None:
    results, name = run
    others = {"gradcam", "lime", "epsilon_plus_flat"}
    pairs = pd.read_csv(results / "agreement/b-summary.csv")
    assert {frozenset(pair) for pair in zip(pairs["method_a"], pairs["method_b"], strict=True)} >= {
        frozenset((name, other)) for other in others
    }
    grades = pd.read_csv(results / "localisation/b.csv", dtype={"image": str})
    assert set(grades["method"]) == {name, *others, "centre", "random"}
    assert set(grades[grades["method"] == name]["image"]) == {"00", "01", "02"}
    measured = pd.read_csv(results / "faithfulness/b.csv", dtype={"image": str})
    own = measured[measured["method"] == name]
    assert set(own["metric"]) == {
        "sensitivity_max", "infidelity", "deletion", "insertion", "road", "randomisation"
    }  # fmt: skip
    assert own["value"].notna().all()
    assert set(measured["method"]) == {name, *others, "centre", "random"}


@pytest.mark.workflow
def test_it_is_in_the_figures_and_in_the_report(run) -> None:
    results, name = run
    for figure in (f"explanations/b/{name}", "agreement/b/side_by_side", "localisation/b/grades"):
        assert (results / f"figures/{figure}.png").stat().st_size
    assert name in (results / "report.html").read_text(encoding="utf-8")
    # As the scripts draw them: what readers call the method stands in each.
    files = sorted((results / "explanations/b/maps").glob("*/*.safetensors"))
    titles, methods = read_titles(files), ["gradcam", "lime", "epsilon_plus_flat", name]
    images = read_images(files, methods)
    figures = [
        side_by_side(images, methods, agreement_order(read_table(results / "agreement/b.csv")), "b"),
        heat_map(read_table(results / "agreement/b-summary.csv"), methods, 0.95, titles),
        localisation(read_table(results / "localisation/b-summary.csv"), 0.95, titles),
        ranking(read_table(results / "faithfulness/b-ranking.csv"), 0.95, titles),
    ]
    for figure in figures:
        assert "input x gradient" in {text.get_text() for text in figure.findobj(Text)}


@pytest.mark.workflow
def test_an_edit_of_the_method_makes_stale_what_runs_it_and_nothing_else(run, snakemake, tmp_path) -> None:
    results, name = run
    folder = tmp_path / "project"
    shutil.copytree(results.parent, folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / ("mymethods.py" if name == "InputXGradient" else f"lucidag/explain/methods/{name}.py")
    file.write_text(METHOD.replace(".sum(dim=1)", ".mean(dim=1)"), encoding="utf-8")
    done = snakemake(folder, "--dry-run")
    planned = jobs_in(done.stdout + done.stderr)
    assert planned["explanations"] == [f"model=b, family={name}, batch=00"]
    assert set(planned) == {
        "explanations", "explanation_images", "explanation_checks", "agreement", "localisation", "faithfulness",
        "figures_explanations", "figures_agreement", "figures_localisation", "figures_faithfulness", "atlas",
        "notebook",
    }  # fmt: skip
    assert planned["figures_explanations"] == ["model=b"]


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("method", "options", "sentence"),
    [
        ("mymethod:InputXGradient", "", "explain.methods: method 'mymethod:InputXGradient': module 'mymethod' cannot"),
        ("mymethods:InputXGradint", "", "has no class 'InputXGradint' (did you mean 'InputXGradient'?)"),
        (OWN, "{InputXGradient: {samples: 3}}", "option 'samples' does not exist"),
        (OWN, "{InputXGradint: {}}", "explain: options: method with a job of its own 'InputXGradint' does not exist"),
    ],
)
def test_a_mistake_stops_the_dry_run(project, snakemake, method, options, sentence) -> None:
    folder = project()
    configured(folder, OWN)
    text = CONFIGURATION.replace("METHOD", method)
    text = text.replace("  lime: {", f"  options: {options}\n  lime: {{") if options else text
    (folder / "config" / "tiny.yaml").write_text(text, encoding="utf-8")
    done = snakemake(folder, "--dry-run", check=False)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_class_that_is_no_method_is_refused(tmp_path, monkeypatch) -> None:
    from lucidag.explain.methods.registry import load

    (tmp_path / "nomethods.py").write_text("class Plain:\n    pass\n\n\n" + METHOD.replace('"signed"', '"sign"'))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        InputError, match=r"method 'nomethods:Plain': class .nomethods:Plain. must be derived from lucidag"
    ):
        load("nomethods:Plain")
    with pytest.raises(InputError, match="`kind` is 'sign'; it must be one of graded, signed, selection"):
        load("nomethods:InputXGradient")
