"""Run each job of a finished run alone, where its declared inputs lie and nothing else, and compare what it makes.

Arguments: a configuration, and the rules whose jobs are run (none: all). The working folder is that of the finished
run. Its results stand aside meanwhile, so that no path leads to them. What counts as declared: the inputs of the rule,
the code, and the images that a manifest among the inputs names, of which it has digests. Prints a line of JSON: the
number of jobs by script, and by job what differs from the finished run.
"""

import csv
import json
import os
import runpy
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from planned import planned  # beside this file, which is run as a script

CODE = ("workflow", "mynet.py", "everynet.py")  # what a job runs beside the package


def main(configuration: str, rules: set[str]) -> None:
    """Run the jobs of these rules, one after the other, each in a child and a folder of its own."""
    jobs = [job for job in planned(configuration) if not rules or job.rule in rules]
    differing = {}
    with set_aside(Path("results"), Path("undisturbed")) as undisturbed:
        for job in jobs:
            with tempfile.TemporaryDirectory(dir=".") as name:
                if found := alone(job, undisturbed, Path(name).resolve()):
                    differing[" ".join([job.rule, *map(str, job.wildcards)])] = found
    print(json.dumps({"jobs": Counter(job.script for job in jobs), "differing": differing}))


@contextmanager
def set_aside(folder: Path, name: Path) -> Iterator[Path]:
    """Give a folder another name for a while."""
    folder.rename(name)
    try:
        yield name.resolve()
    finally:
        name.rename(folder)


def alone(job: SimpleNamespace, undisturbed: Path, folder: Path) -> list[str]:
    """Run a job in an empty folder with its inputs; return what of its outputs and its record differs."""
    for part in CODE:
        if Path(part).exists():
            (folder / part).symlink_to(Path(part).resolve())
    for path in declared(job, undisturbed):
        lay(path, undisturbed, folder)
    if (child := os.fork()) == 0:
        work(job, folder)
    failed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if failed:
        log = folder / job.log[0]
        said = log.read_text(encoding="utf-8") if log.is_file() else ""
        return [f"ended with {failed}: {said[-2000:]}"]
    missing = [f"{path} is missing" for path in job.output if not (folder / path).exists()]
    return missing + compared(folder / "results", undisturbed)


def declared(job: SimpleNamespace, undisturbed: Path) -> set[str]:
    """Return what a job may read: its inputs, and the images that manifests among them have digests of."""
    found = set(map(str, job.input))
    for path in [path for path in found if path.endswith("/manifest.csv")]:
        with where(path, undisturbed).open(encoding="utf-8") as handle:
            named = {row[key] for row in csv.DictReader(handle) for key in ("path", "mask") if row[key]}
            found |= {each for each in named if where(each, undisturbed).is_file()}  # others lie in the inputs' arrays
    return found


def where(path: str, undisturbed: Path) -> Path:
    """Return where a file lies while the results are set aside."""
    return undisturbed.parent / path if not path.startswith("results/") else undisturbed / path.removeprefix("results/")


def lay(path: str, undisturbed: Path, folder: Path) -> None:
    """Copy a declared file or folder to where a job looks for it."""
    source, target = where(path, undisturbed), folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def work(job: SimpleNamespace, folder: Path) -> None:
    """Do a job's work in a child, and end it."""
    os.chdir(folder)
    for path in job.output:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    code = 0
    try:
        runpy.run_path(f"workflow/scripts/{job.script}", init_globals={"snakemake": job})
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 1
    os._exit(code)


def compared(results: Path, undisturbed: Path) -> list[str]:
    """Return which files under the results are not as in the finished run, in bytes; logs and times are left out."""
    same_outputs: dict[str, Any] = {}
    for record in results.glob("provenance/**/*.json"):
        same_outputs |= json.loads(record.read_text(encoding="utf-8"))["outputs"]
    found = []
    for file in sorted(each for each in results.rglob("*") if each.is_file()):
        path = file.relative_to(results).as_posix()
        if path.startswith(("logs/", "benchmarks/")) or "/.cache/" in f"/{path}":
            continue
        if same_outputs.get(path, 0) is None:  # one whose bytes differ from run to run
            continue
        other = undisturbed / path
        if not other.is_file() or other.read_bytes() != file.read_bytes():
            found.append(path)
    return found


if __name__ == "__main__":
    main(sys.argv[1], set(sys.argv[2:]))
