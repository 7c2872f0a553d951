"""Run the scripts of a plan of Snakemake's in this one process, so that torch is imported once and not for every job.

Arguments: a configuration, and the targets. Nothing is removed: what would be is left to look at.
"""

import runpy
import sys

from planned import planned  # beside this file, which is run as a script


def main(configuration: str, targets: set[str]) -> None:
    """Plan with Snakemake, then run the script of each job that is needed, each after those that it waits for."""
    for job in planned(configuration, targets):
        runpy.run_path(f"workflow/scripts/{job.script}", init_globals={"snakemake": job})


if __name__ == "__main__":
    main(sys.argv[1], set(sys.argv[2:]))
