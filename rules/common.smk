# What all files in rules/ share: settings(), code_of(), and names that many rules use.

import atexit
import gc
import os
import shlex
import signal
import sys
from collections import Counter
from pathlib import Path

from snakemake.iocontainers import Wildcards
from snakemake.logging import DefaultFormatter
from snakemake.output_index import OutputIndex

# A plan is many objects that stay: to look through them for what can be freed, again and again, is a tenth of its time.
gc.set_threshold(100_000, 50, 50)

ROOT = Path(workflow.current_basedir).parent
sys.path.insert(0, str(ROOT))

from lucidag.ground.compiled import keep_whole

if workflow.is_main_process:
    keep_whole(ROOT / "lucidag")

from lucidag.report.interruption import INTERRUPTED, interrupt, quiet

if workflow.is_main_process:
    sys.excepthook = quiet(sys.excepthook)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)

from lucidag.atlas.apart import make_apart as atlas_apart
from lucidag.config.checked import checked
from lucidag.config.claimed import claim_files, claims_of, published_files
from lucidag.config.dossier import dossier_inputs
from lucidag.config.compared import (
    compared_files,
    digests_of_code,
    left_note,
    no_longer_asked,
)
from lucidag.config.arms import studied_models
from lucidag.config.jobs import job_settings, notebook
from lucidag.config.lock import Run, alone, note, told
from lucidag.config.methods import compared_methods, modules_of, studied_methods
from lucidag.config.origins import Origin, origins
from lucidag.config.page import atlas_files
from lucidag.config.plan import Plan
from lucidag.config.probe import brought
from lucidag.config.repaired import repair_arms
from lucidag.config.sources import (
    clip_weight_files,
    digests,
    listable,
    source_notes,
    weight_files,
)
from lucidag.config.used import mark, used_by_another
from lucidag.experiments.apart import MADE
from lucidag.experiments.apart import make_apart as tables_apart
from lucidag.ground.errors import InputError, one_line
from lucidag.ground.job import failure_mark
from lucidag.ground.times import from_the_future
from lucidag.report.apart import make_apart
from lucidag.report.contents import files_shown
from lucidag.report.ending import ending, show
from lucidag.report.failures import failures, forget_failures, remove_left, silent
from lucidag.report.failures import notes as notes_in
from lucidag.report.forecast import summary
from lucidag.report.terminal import install
from lucidag.units.names import NETDISSECT, UNTRAINED

# What imports made lives as long as the process, and need not be gone through for what can be freed.
gc.freeze()

if (
    workflow.is_main_process
    and Path(workflow.main_snakefile)
    in (ROOT / "Snakefile", ROOT / "workflow" / "Snakefile")
    and not workflow.deployment_settings.deployment_method
):
    # Not in a workflow that this one is a module of, whose own commands are its own; and a container has no such file.
    RUNNER = shlex.quote(str(ROOT / "workflow" / "job.sh"))
    RUNNER = RUNNER.replace("{", "{{").replace("}", "}}")  # Snakemake fills in braces
    shell.prefix(f"set -euo pipefail; bash {RUNNER} ")


def checked_plan():
    """Return what the configuration asks for, the code, the file and notes, or end with what is wrong."""
    files = workflow.overwrite_configfiles or workflow.configfiles
    source = ", ".join(map(os.path.relpath, files)) or "config/config.yaml"
    try:
        found = checked(
            config,
            list(map(os.path.relpath, workflow.configfiles)),
            source,
            (ROOT, Path.cwd()),
            workflow.config_settings.config,
            claims=workflow.is_main_process,  # and not in each job that is a process of its own
        )
    except InputError as error:
        for line in error.lines:
            print(f"lucidag: {line}", file=sys.stderr)
        sys.exit(1)
    notes = []
    if workflow.is_main_process:  # and not in each job that is a process of its own
        given, asked = found.given, found.plan.config
        notes = [*source_notes(given), *brought(given, asked)]
        notes += left_note(asked.results, Plan(given))
        if (other := used_by_another(asked.results, source)) is not None:
            notes.append(other)
        notes = list(map(one_line, notes))
        for sentence in notes:
            print(f"lucidag: {sentence}", file=sys.stderr)
    return found.plan, found.code, source, notes


# Threads that wait for work must not spin: with more jobs than cores that slows training many times over.
# OpenMP reads this when it is loaded, so it has to stand in the environment of the jobs.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Scripts that run methods by their names, and which of them a job runs.
EXPLAINING = {
    "explanations": lambda wildcards: plan.families(wildcards.model)[wildcards.family],
    "explanation_checks": lambda wildcards: CONFIG.explain.taken(wildcards.model),
    "faithfulness": lambda wildcards: compared_methods(
        CONFIG, "faithfulness", wildcards.model
    ),
    "faithfulness_shard": lambda wildcards: compared_methods(
        CONFIG, "faithfulness", wildcards.model
    ),
    "shortcut": lambda wildcards: studied_methods(CONFIG, wildcards.study),
    "shortcut_proposals": lambda wildcards: CONFIG.discover.methods,
    "discover": lambda wildcards: CONFIG.discover.methods,
    "planted_truth": lambda wildcards: CONFIG.planted.methods,
}

# What the report calls the results of a folder, where that is not the folder's name.
CATEGORIES = {
    "rof": "Retrieval of function",
    **dict.fromkeys(("agreement", "localisation", "faithfulness"), "Explanations"),
    **dict.fromkeys(("clip", "dissect", "units", "planted"), "Units and concepts"),
    **dict.fromkeys(("shortcuts", "repair", "discovery"), "Artefacts"),
}
KINDS = {"png": "figure", "csv": "table", "json": "numbers", "html": "page"}

plan, CODE, SOURCE, NOTES = checked_plan()
atexit.register(CODE.keep)
CONFIG = plan.config
R = CONFIG.results
INTERRUPTION = None
if workflow.is_main_process and not workflow.output_settings.verbose:
    INTERRUPTION = install(
        workflow.logger_manager.logger, DefaultFormatter, plan.first_curves, told
    )
# Where the results lie: a module with a prefix has them in another place than its configuration says.
PAGE = workflow.modifier.path_modifier.replace_prefix(f"{R}/report.html")
PLACE = os.path.dirname(PAGE)
if workflow.is_main_process and (NOTE := note(Run.own(PLACE))) is not None:
    atexit.register(NOTE.unlink, missing_ok=True)
if workflow.is_main_process and not workflow.output_settings.dryrun and alone():
    # Before Snakemake looks at what is there: what jobs that failed have left, it takes for done.
    remove_left(PLACE)
    if number := from_the_future(Path(PLACE)):
        print(
            f"lucidag: {number} files in {PLACE} bore times to come, as after a clock was set back; "
            "now the present one",
            file=sys.stderr,
        )


def given(files):
    """Return files of the user's own as inputs: neither the prefix of a module nor a remote storage is theirs."""
    return [local(file) for file in files]


def image_files(model, images):
    """Return what images of a model are read from: the user's own files, or the data set that holds them."""
    files = plan.image_files(model, images)
    return [file if file.startswith(f"{R}/") else local(file) for file in files]


onstart:
    try:
        mark(R, SOURCE)
        forget_failures(PLACE)
    except InputError as error:
        print(f"lucidag: {error}", file=sys.stderr)
        sys.exit(1)


def jobs_here():
    """Return the jobs that make results of this workflow, and not those of a workflow that it is a module of."""
    return [
        job
        for job in workflow.dag.jobs
        if job.rule.script and any(log.startswith(f"{PLACE}/logs/") for log in job.log)
    ]


def without_success():
    """Return name and log of each job of this workflow that Snakemake counts as failed."""
    failed = [
        job
        for each in getattr(workflow.scheduler, "failed", ())
        for job in getattr(each, "jobs", [each])
    ]
    return [
        (
            " ".join(
                [Path(job.log[0]).relative_to(f"{PLACE}/logs").parts[0], *job.wildcards]
            ),
            job.log[0],
        )
        for job in jobs_here()
        if job in failed
    ]


def incomplete_experiments(failed, left):
    """Make the tables of experiments of what is there; return a note, and the files that are still not made."""
    models = job_settings(plan, "compare_models", {})
    models |= {"digests": digests_of_code(plan, code_of)}
    models |= {"left": no_longer_asked(PLACE, plan)}
    factors = job_settings(plan, "compare_factors", {})
    told = [(each.job, each.sentence) for each in failed]
    files = {
        kind: {key: path.replace(R, PLACE, 1) for key, path in named.items()}
        for kind, named in compared_files(plan).items()
    }
    problem = tables_apart(PLACE, files, models, factors, told, left)
    if problem is not None:
        return [f"{PLACE}/experiments.csv could not be made: {problem}"], left
    note = f"{PLACE}/experiments.csv has rows of what is there, and of what failed"
    return [note], left - set(MADE)


def end_of_run():
    """Make the report of what is there if jobs failed, and show the end of the run as the last that is shown."""
    if INTERRUPTION is not None and INTERRUPTION.seen:
        atexit.register(show, INTERRUPTED)
        return
    jobs = jobs_here()
    unfinished = [
        job
        for job in jobs
        if workflow.dag.needrun(job) and not workflow.dag.finished(job)
    ]
    ran = [job for job in jobs if workflow.dag.finished(job)]
    logs = {log for job in unfinished for log in job.log}
    logs |= {str(failure_mark(log)) for log in logs}
    failed = [each for each in failures(PLACE) if each.log in logs]
    page, failed = PAGE, failed + silent(without_success())
    wanted = any(page in job.output for job in jobs)
    left = {file.removeprefix(f"{PLACE}/") for job in unfinished for file in job.output}
    more = []
    if "experiments.csv" in left:
        more, left = incomplete_experiments(failed, left)
    if unfinished and wanted:
        problem = make_apart(PLACE, notebook(plan), failed, left)
        page = (
            f"{page} (not complete)"
            if problem is None
            else f"could not be made: {problem}"
        )
    if "atlas/index.html" in left:
        files = [f"{PLACE}/{file}" for file in atlas_files(plan)]
        told = job_settings(plan, "atlas", {})
        problem = atlas_apart(PLACE, told, made_by_others(files), failed, left)
        if problem is not None:
            more = [*more, f"{PLACE}/atlas/index.html could not be made: {problem}"]
    said = [*NOTES, *more]
    said += [
        note
        for note in notes_in(log for job in ran for log in job.log)
        if note not in NOTES
    ]
    waiting = len(unfinished) - len(failed)
    # Snakemake itself says more after the hooks.
    atexit.register(
        show, ending(failed, said, max(waiting, 0), page if wanted else None)
    )


onsuccess:
    end_of_run()


onerror:
    end_of_run()


def end_without_hooks():
    """Show the end of a dry run, and of a run that finds nothing to do: for these Snakemake has no hook."""
    if workflow.dag is None:
        return
    if workflow.dryrun:
        show_forecast()
        return
    began = workflow.scheduler is not None
    if (
        began
        and not len(workflow.dag)
        and any(PAGE in job.output for job in jobs_here())
    ):
        show(ending([], [], 0, PAGE))


def show_forecast():
    """Show how much would run, about how long, and what the configuration leaves out."""
    # By the folders of their logs, as a module may rename rules.
    logs = (job.log[0] for job in jobs_here() if workflow.dag.needrun(job))
    would = Counter(Path(log).relative_to(f"{PLACE}/logs").parts[0] for log in logs)
    absent = [name for name in type(CONFIG).model_fields if not getattr(CONFIG, name)]
    cores = workflow.resource_settings.cores
    # Where Snakemake writes a dry run.
    families = {name: len(each) for name, each in plan.families_of_models.items()}
    show(summary(would, PLACE, cores, absent, SOURCE, families), sys.stdout)


if workflow.is_main_process:
    # Each `use rule` of a module reads these files again: the end is still shown once.
    ends = vars(workflow).setdefault("lucidag_ends", {})
    if PLACE not in ends:
        atexit.register(lambda: ends[PLACE]())
    ends[PLACE] = end_without_hooks


def settings(stage, **more):
    """Return a function from a job's wildcards, and from what else tells it apart, to the settings of its stage."""
    return lambda wildcards: job_settings(
        plan, stage, {**dict(wildcards.items()), **more}
    )


def code_of(script):
    """Return a function from a job's wildcards to the fingerprint of the code that it runs."""

    def fingerprint(wildcards):
        file, named = f"workflow/scripts/{script}.py", []
        # What builds the network runs a factory, which may be the user's own.
        if "lucidag.models.build" in CODE.fingerprint(file):
            for network in plan.networks(wildcards):
                named += network.factory_modules()
        if script in EXPLAINING:
            named += modules_of(EXPLAINING[script](wildcards))
        if script == "data":
            named = [type(CONFIG.datasets[wildcards.dataset]).__module__]
        return CODE.fingerprint(file, named)

    return fingerprint


def made_by(script, stage=None, **more):
    """Return what every job has as params: the settings of its stage, by default named as its script, and its code."""
    return {"settings": settings(stage or script, **more), "code": code_of(script)}


def made_by_others(files):
    """Return what the page is told of the jobs that make its inputs; by rules alone, as a job sees no other jobs.

    Parameters
    ----------
    files
        Those of `atlas_files`, in its order, where they lie: a prefix or a remote storage may stand in front.
    """
    index, made = OutputIndex(list(workflow.rules)), {}
    for inside, file in zip(atlas_files(plan), files, strict=True):
        makers = sorted(index.match_producers(file), key=lambda maker: maker.name)
        for maker in makers[:1]:
            key = (maker, tuple(sorted(maker.get_wildcards(file).items())))
            made.setdefault(key, (str(file).removesuffix(inside), []))[1].append(inside)
    return origins(origin(*key, *each) for key, each in made.items())


def origin(maker, named, folder, files):
    """Return a job as `lucidag.config.origins` takes it."""
    job = Wildcards(fromdict=dict(named))
    # A storage may stand in front of the folder.
    _, _, note = maker.expand_log(job)[0].partition(f"{PLACE}/logs/")
    outputs = [str(file).removeprefix(folder) for file in maker.expand_output(job)[0]]
    return Origin(
        Path(note).parts[0].removesuffix(".log"),
        dict(named),
        maker.params.settings(job),
        maker.params.code(job),
        tuple(outputs),
        tuple(files),
    )


def gpus(wildcards):
    """Return how many GPUs a job that runs networks asks for."""
    return int(any(network.device == "auto" for network in plan.networks(wildcards)))


def soon(wildcards):
    """Return the priority of a job: what the first curves need goes first, so that there is soon something to see."""
    return int(plan.wanted_first(wildcards))


def threads_of(wildcards):
    """Return the cores of a job that passes images or features once: two, or one for a network that learns on one.

    A job that waits for two cores at once waits while others take them one by one.
    """
    train = CONFIG.models[wildcards.model].train
    return 2 if train is None else min(2, train.threads)


def growing(first):
    """Return a function to what a job asks of a cluster: this much at first, and twice as much after each failure."""
    return lambda wildcards, attempt: first * 2 ** (attempt - 1)


def checking_gpus(wildcards):
    """Return the GPUs of a job that compares explanations: one image is done by a processor, so that no GPU waits."""
    return gpus(wildcards) if CONFIG.explain.check == "all" else 0


def heavy(minutes, gpu=gpus):
    """Return the resources of a job that runs networks, see `growing`."""
    return {"gpu": gpu, "mem_mb": growing(8000), "runtime": growing(minutes)}


def shown(path, caption, result, kind=None):
    """Return an output that the report shows, by category (the folder) and subcategory (the first wildcard).

    Parameters
    ----------
    caption
        Its file in workflow/report/, without suffix.
    result, kind
        What the report calls it; by default the kind follows from the suffix.
    """
    folder = re.split("[/.]", path.removeprefix(f"{R}/").removeprefix("figures/"))[0]
    first = re.search(r"\{\w+\}", path)
    return report(
        path,
        caption=f"../workflow/report/{caption}.rst",
        category=CATEGORIES.get(folder, folder.capitalize()),
        subcategory=first and first[0],
        labels={"result": result, "kind": kind or KINDS[path.rpartition(".")[2]]},
    )


def figure(path, *, methods=None, **outputs):
    """Return the outputs of figures: the PNG of each, which the report shows, and the PDF for a paper.

    Parameters
    ----------
    path
        From the folder of figures on, without suffix. ``NAME`` stands for the name of the output, ``METHOD`` for each
        of `methods`, which makes the outputs lists.
    outputs
        Name of the output to what the report calls the figure and to its caption in workflow/report/. The PDF of
        ``png`` is called ``pdf``, and that of any other ``{name}_pdf``.
    """
    found = {}
    for name, (result, caption) in outputs.items():
        png, pdf = [], []
        for method in methods if methods is not None else [""]:
            file = f"{R}/figures/{path}".replace("NAME", name).replace("METHOD", method)
            called = result.replace("METHOD", method)
            png.append(shown(f"{file}.png", caption, called))
            pdf.append(f"{file}.pdf")
        found[name] = png[0] if methods is None else png
        found["pdf" if name == "png" else f"{name}_pdf"] = (
            pdf[0] if methods is None else pdf
        )
    return found


def every(path, **wildcards):
    """Return the results of this path with these wildcards, as a target asks for them."""
    return expand(f"{R}/{path}", **wildcards)


def one_of(names):
    """Return a wildcard pattern that matches these names and nothing else."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    clip=one_of(CONFIG.clips),
    layer=one_of(set().union(*plan.layers.values(), *plan.dossiers.values())),
    pair=one_of(plan.pairs),
    dissected=one_of([*plan.layers, *plan.pairs]),
    dataset=one_of(CONFIG.datasets),
    model=one_of(CONFIG.models),
    shard=r"\d+-of-\d+",
    twin=f"|{UNTRAINED}",
    repair=one_of(CONFIG.repair),
    study=one_of([*CONFIG.generalisation, *CONFIG.shortcuts]),
    image=one_of(set().union(*plan.explained.values())),
    batch=one_of(set().union(*plan.explained.values())),
    family=one_of(
        {family for model in plan.explained for family in plan.families(model)}
    ),
