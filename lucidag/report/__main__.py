"""What can be done with a folder of results: ``python -m lucidag.report verify RESULTS``."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from lucidag.ground.errors import InputError
from lucidag.report.verify import verify


def main(words: Sequence[str] | None = None) -> int:
    """Do what the words of the command line say; return the status of the process."""
    parser = ArgumentParser(prog="python -m lucidag.report", description="What can be done with a folder of results.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "compare all files with what the jobs recorded, and name those that do not belong"
    command = commands.add_parser("verify", help=about, description=about)
    command.add_argument("results", metavar="RESULTS", help="the folder")
    command.set_defaults(do=_verify)
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


if __name__ == "__main__":
    sys.exit(main())
