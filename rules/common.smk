# What all files in rules/ share: settings(), code_of(), and names that many rules use.

import atexit
import os
import sys
from pathlib import Path

# Under its own name it would be a directive at the start of a line.
from snakemake.io import report as reported

ROOT = Path(workflow.current_basedir).parent
sys.path.insert(0, str(ROOT))

from lucidag.config.doubled import check_doubled
from lucidag.config.images import check_shortcuts, write_out_images
from lucidag.config.jobs import job_settings, notebook
from lucidag.config.load import load_config
from lucidag.config.methods import compared_methods, modules_of, studied_methods
from lucidag.config.plan import Plan
from lucidag.config.probe import check_methods, check_networks
from lucidag.config.sources import (
    check_sources,
    digests,
    listable,
    source_notes,
    weight_files,
)
from lucidag.ground.errors import InputError
from lucidag.ground.provenance import CodeIndex, installed_versions
from lucidag.report.contents import files_shown
from lucidag.units.names import NETDISSECT


def checked_plan():
    """Return what the checked configuration asks for and the code, or end with one line that says what is wrong."""
    files = ", ".join(map(os.path.relpath, workflow.overwrite_configfiles))
    source = files or "config/config.yaml"
    try:
        for file in map(os.path.relpath, workflow.configfiles):
            check_doubled(file)
        checked = load_config(config, source)
        check_sources(checked, source)
        found = Plan(write_out_images(checked, source))
        cache = Path(checked.results) / ".cache"
        packages = installed_versions(cache / "packages.json")
        code = CodeIndex((ROOT, Path.cwd()), packages, cache / "code.json")
        check_shortcuts(found.config, source)
        check_networks(found, source, code)
        check_methods(found, source, code)
    except InputError as error:
        print(f"lucidag: {error}", file=sys.stderr)
        sys.exit(1)
    if workflow.is_main_process:  # and not in each job that is a process of its own
        for sentence in source_notes(found.config):
            print(f"lucidag: {sentence}", file=sys.stderr)
    return found, code


# Threads that wait for work must not spin: with more jobs than cores that slows training many times over.
# OpenMP reads this when it is loaded, so it has to stand in the environment of the jobs.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Scripts that build the network, and so run a factory of the user's own.
BUILDING = (
    "train",
    "import_model",
    "features",
    "features_shard",
    "explanations",
    "lime_tune",
    "dissect_passes",
    "dissect_activations_shard",
    "dissect_overlaps_shard",
    "faithfulness",
    "faithfulness_shard",
    "figures_units",
    "relevance_atlas",
    "relevance_references",
    "shortcut",
)

# Scripts that run methods by their names, and which of them a job runs.
EXPLAINING = {
    "explanations": lambda wildcards: plan.families[wildcards.family],
    "faithfulness": lambda wildcards: compared_methods(CONFIG, "faithfulness"),
    "faithfulness_shard": lambda wildcards: compared_methods(CONFIG, "faithfulness"),
    "shortcut": lambda wildcards: studied_methods(CONFIG, wildcards.study),
}

plan, CODE = checked_plan()
atexit.register(CODE.keep)
CONFIG = plan.config
R = CONFIG.results


def settings(stage):
    """Return a function from a job's wildcards to the part of the configuration that its stage uses."""
    return lambda wildcards: job_settings(plan, stage, dict(wildcards.items()))


def code_of(script):
    """Return a function from a job's wildcards to the fingerprint of the code that it runs."""

    def fingerprint(wildcards):
        networks = plan.networks(wildcards) if script in BUILDING else []
        named = [name for network in networks for name in network.factory_modules()]
        if script in EXPLAINING:
            named += modules_of(EXPLAINING[script](wildcards))
        if script == "data":
            named = [type(CONFIG.datasets[wildcards.dataset]).__module__]
        return CODE.fingerprint(f"workflow/scripts/{script}.py", named)

    return fingerprint


def gpus(wildcards):
    """Return how many GPUs a job that runs networks asks for."""
    return int(any(network.device == "auto" for network in plan.networks(wildcards)))


def growing(first):
    """Return a function to what a job asks of a cluster: this much at first, and twice as much after each failure."""
    return lambda wildcards, attempt: first * 2 ** (attempt - 1)


def figure(path, category, methods=None, **outputs):
    """Return the outputs of figures: the PNG of each, which the report shows, and the PDF for a paper.

    Parameters
    ----------
    path
        From the folder of figures on, without suffix. Its first wildcard is the subcategory in the report, ``NAME``
        stands for the name of the output, ``METHOD`` for each of `methods`, which makes the outputs lists.
    outputs
        Name of the output to what the report calls the figure and to its caption in workflow/report/. The PDF of
        ``png`` is called ``pdf``, and that of any other ``{name}_pdf``.
    """
    found = {}
    for name, (result, caption) in outputs.items():
        about = {
            "caption": f"../workflow/report/{caption}.rst",
            "category": category,
            "subcategory": re.search(r"\{\w+\}", path)[0],
        }
        png, pdf = [], []
        for method in methods if methods is not None else [""]:
            file = f"{R}/figures/{path}".replace("NAME", name).replace("METHOD", method)
            labels = {"result": result.replace("METHOD", method), "kind": "figure"}
            png.append(reported(f"{file}.png", **about, labels=labels))
            pdf.append(f"{file}.pdf")
        found[name] = png[0] if methods is None else png
        found["pdf" if name == "png" else f"{name}_pdf"] = (
            pdf[0] if methods is None else pdf
        )
    return found


def drawn(path, **wildcards):
    """Return the figures of this path with these wildcards, as the target asks for them."""
    return expand(f"{R}/figures/{path}.png", **wildcards)


def one_of(names):
    """Return a wildcard pattern that matches these names and nothing else."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    clip=one_of(CONFIG.clips),
    layer=one_of(set().union(*plan.layers.values())),
    pair=one_of(plan.pairs),
    dissected=one_of([*plan.layers, *plan.pairs]),
    dataset=one_of(CONFIG.datasets),
    model=one_of(CONFIG.models),
    shard=r"\d+-of-\d+",
    study=one_of([*CONFIG.generalisation, *CONFIG.shortcuts]),
    image=one_of(set().union(*plan.explained.values())),
    batch=one_of(set().union(*plan.explained.values())),
    family=one_of(plan.families),
