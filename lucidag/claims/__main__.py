"""Ledgers of several runs: ``python -m lucidag.claims gather RESULTS... OUT.csv``, and the pages made of them."""

import argparse
import sys

from lucidag.claims.gather import read_run, write_gathered
from lucidag.claims.ledger import counts
from lucidag.claims.page import write_pages
from lucidag.ground.errors import InputError


def main(words: list[str] | None = None) -> None:
    """Take the words of the command line."""
    parser = argparse.ArgumentParser(prog="python -m lucidag.claims", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    gathering = commands.add_parser("gather", help="put the ledgers of several runs into one table")
    gathering.add_argument("results", nargs="+", help="folders of results, or claims.json files")
    gathering.add_argument("out", help="the table to write")
    paging = commands.add_parser("page", help="write the tables of docs/results.md and README.md")
    paging.add_argument("table", help="a table that `gather` wrote")
    asked = parser.parse_args(words)
    try:
        if asked.command == "page":
            write_pages(asked.table)
            return
        table = write_gathered(asked.out, [read_run(path) for path in asked.results])
    except InputError as error:
        sys.exit(f"lucidag: {error}")
    first = table.drop_duplicates("id")
    print(f"{len(first)} claims: " + ", ".join(f"{n} {status}" for status, n in counts(first["status"]).items()))


if __name__ == "__main__":
    main()
