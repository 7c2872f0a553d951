"""What a job cost: seconds and memory, as the system counted them."""

import resource
import sys
from contextlib import suppress
from pathlib import Path

from lucidag.ground.errors import InputError
from lucidag.ground.files import write_text

COLUMNS = ("s", "max_rss", "cpu_time")
MB = 1 << 20
UNIT = 1 if sys.platform == "darwin" else 1024  # bytes of `ru_maxrss`


def write_cost(results: Path, log: Path, seconds: float) -> None:
    """Write what this process cost into ``benchmarks/``, under the path that its log has in ``logs/``.

    A table of one row, in columns and units of Snakemake's own benchmarks: ``s`` (seconds), ``max_rss`` (the most
    memory that this process or one that it started held, MB), ``cpu_time`` (seconds of processor time of all of
    them). Snakemake's ``benchmark:`` reads the memory maps of each process twice a second, which takes a tenth of
    the processor time of a run of short jobs; the system counts anyway, and counts whole lives. Where there is no
    room, nothing is written.

    Parameters
    ----------
    results
        The folder of results.
    log
        The job's log, in ``logs`` there.
    seconds
        Since the process began.
    """
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    memory = max(_most_memory(used[0].ru_maxrss), used[1].ru_maxrss * UNIT) / MB
    processor = sum(each.ru_utime + each.ru_stime for each in used)
    row = f"{seconds:.2f}\t{memory:.2f}\t{processor:.2f}"
    with suppress(InputError, OSError):  # it is no result
        write_text(cost_of(results, log), "\t".join(COLUMNS) + f"\n{row}\n")


def _most_memory(counted: int) -> int:
    """Return the most memory that this process held; Linux counts that of whoever started it, too, but not here."""
    try:
        words = Path("/proc/self/status").read_text(encoding="utf-8").split("VmHWM:")[1].split()
        return int(words[0]) * 1024
    except (OSError, IndexError, ValueError):
        return counted * UNIT


def cost_of(results: Path, log: Path) -> Path:
    """Return where the cost of a job is, by its log.

    >>> cost_of(Path("results"), Path("results/logs/train/logs.log")).as_posix()
    'results/benchmarks/train/logs.tsv'
    """
    return results / "benchmarks" / log.relative_to(results / "logs").with_suffix(".tsv")
