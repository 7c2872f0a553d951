"""Write the page about the hand-written networks anew: ``python -m tests.zoo.write``."""

import subprocess
import sys
from pathlib import Path

from benchmarks.project import copied_project
from tests.zoo import own
from tests.zoo.page import PAGE, page


def main() -> None:
    """Ask the dry run, in a copy of the project."""
    with copied_project() as folder:
        own.prepare(folder)
        command = [sys.executable, "-m", "snakemake", "-n", "--configfile", own.FILE]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    Path(PAGE).write_text(page(own.refused(done.stderr)), encoding="utf-8")


if __name__ == "__main__":
    main()
