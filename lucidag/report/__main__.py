"""What can be done with a folder of results: ``python -m lucidag.report COMMAND RESULTS …``."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from lucidag.ground.errors import InputError
from lucidag.report.crate import write_crate
from lucidag.report.tracking import write_runs
from lucidag.report.verify import verify


def main(words: Sequence[str] | None = None) -> int:
    """Do what the words of the command line say; return the status of the process."""
    parser = ArgumentParser(prog="python -m lucidag.report", description="What can be done with a folder of results.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "compare all files with what the jobs recorded, and name those that do not belong"
    command = commands.add_parser("verify", help=about, description=about)
    command.add_argument("results", metavar="RESULTS", help="the folder")
    command.set_defaults(do=_verify)
    about = "write an RO-Crate: an archive of all results, and of which job made which from what"
    command = commands.add_parser("crate", help=about, description=about)
    command.add_argument("results", metavar="RESULTS", help="the folder")
    command.add_argument("archive", metavar="OUT.zip", help="the new archive")
    command.add_argument("--name", default="Results of lucidag", help="what it is called")
    command.add_argument("--license", default="not stated", help="the terms of its use: text or an address")
    command.set_defaults(do=_crate)
    about = "write a run of MLflow for each model of the table of experiments, into a store of files"
    command = commands.add_parser("mlflow", help=about, description=about)
    command.add_argument("results", metavar="RESULTS", help="the folder")
    command.add_argument("store", metavar="STORE", help="the folder of the store, such as mlruns")
    command.add_argument("--experiment", default="lucidag", help="of MLflow, that the runs belong to (%(default)s)")
    command.set_defaults(do=_mlflow)
    asked = parser.parse_args(words)
    try:
        return int(asked.do(asked))
    except InputError as error:
        print(f"lucidag: {error}", file=sys.stderr)
        return 1


def _verify(asked: Namespace) -> int:
    found = verify(asked.results)
    print("\n".join([*found.lines(), found.summary(asked.results)]))
    return int(found.number > 0)


def _crate(asked: Namespace) -> int:
    number = write_crate(asked.results, asked.archive, asked.name, asked.license)
    print(f"{asked.archive}: {number} files of {asked.results}")
    return 0


def _mlflow(asked: Namespace) -> int:
    written, there = write_runs(asked.results, asked.store, asked.experiment)
    print(f"{asked.store}: {written} runs written to the experiment {asked.experiment}, {there} there already")
    return 0


if __name__ == "__main__":
    sys.exit(main())
