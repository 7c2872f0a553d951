"""Runs that are killed at random moments and resumed by one command, until as many kills are made as are asked for.

A small configuration with every stage runs once undisturbed. Then it runs in a fresh folder, is killed whole (SIGKILL
to all its processes at one moment), looked at, and resumed, until it is done; then the next folder. Looked at is every
file: under a final name there is nothing but the bytes of the undisturbed run, at every moment; when a run is done,
just these files are there.
"""

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.campaigns.processes import kill
from tests.campaigns.runs import Place, Reference, jobs_done, prepared, python_of, tell, undisturbed
from tests.every import every

SHORTEST, LONGEST = 0.5, 15.0  # seconds until a kill
IDLE = 5  # kills without a step forward until the next one comes later
RULE = "no job"


@dataclass
class Tally:
    """What happened.

    Attributes
    ----------
    kills
        How many.
    at_work
        Of each rule, how many kills fell into a job of it.
    runs
        How many runs were resumed to their end.
    compared
        How many files were compared, in all.
    faults
        A sentence for each that is not as it should be.
    """

    kills: int = 0
    at_work: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    compared: int = 0
    faults: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Say it."""
        fell = ", ".join(f"{rule} {number}" for rule, number in self.at_work.most_common())
        return [
            f"kills: {self.kills}, runs resumed to their end: {self.runs}, files compared: {self.compared:,}, "
            f"faults: {len(self.faults)}",
            f"at work when it fell: {fell}",
            *self.faults,
        ]


def campaign(
    template: Place,
    number: int,
    seed: int,
    longest: float = LONGEST,
    tell: Callable[[str], None] = tell,
    reference: Reference | None = None,
) -> Tally:
    """Kill and resume runs.

    Parameters
    ----------
    template
        What is run: copies of it, beside it. The last one is left if anything is wrong.
    number
        Kills.
    seed
        Of the moments.
    longest
        Greatest number of seconds until a kill; it grows as long as nothing is finished.
    tell
        Shows how far it is.
    reference
        What an undisturbed run leaves, if it is known.
    """
    reference = reference or undisturbed(template, tell)
    folder = template.folder.parent
    tally, draw = Tally(), random.Random(f"kills/{seed}")
    while tally.kills < number:
        place = template.copy(folder / f"run{tally.runs}")
        killed(place, reference, number, draw, longest, tally, tell)
        if tally.faults:
            break
        shutil.rmtree(place.folder)
    return tally


def killed(
    place: Place,
    reference: Reference,
    number: int,
    draw: random.Random,
    longest: float,
    tally: Tally,
    tell: Callable[[str], None],
) -> None:
    """Kill and resume one run until it is done; after the last kill it is left alone."""
    idle, before = 0, 0
    while not tally.faults:
        running = place.start()
        if tally.kills < number:
            seconds = draw.uniform(SHORTEST, longest * max(1, idle / IDLE))
            if not _waited(running, seconds):
                kill(place, running)
                tally.kills += 1
                rules = place.at_work() or [RULE]
                tally.at_work.update(rules)
                _look(place, reference, False, tally)
                there = jobs_done(place.results)
                idle, before = (0, there) if there > before else (idle + 1, before)
                told = f"after {seconds:.1f} s in {', '.join(rules)}; {there} jobs done"
                tell(f"kill {tally.kills} of {number}, run {tally.runs}: {told}")
                continue
        if running.wait() != 0:
            tally.faults.append(f"a resumed run ended with {running.returncode}: {place.words()[-3000:]}")
            return
        _look(place, reference, True, tally)
        tally.runs += 1
        tell(f"run {tally.runs} is done")
        return


def _waited(running: Any, seconds: float) -> bool:
    """Wait; return whether a run has ended before."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if running.poll() is not None:
            return True
        time.sleep(0.01)
    return False


def _look(place: Place, reference: Reference, finished: bool, tally: Tally) -> None:
    found, compared = reference.faults(place.results, finished)
    tally.compared += compared
    tally.faults += found


def main(number: int, seed: int, folder: Path, plain: bool) -> int:
    """Run the campaign and print what happened."""
    began = time.monotonic()
    template = prepared(folder / "template", every(), python_of(folder / "python", plain))
    tally = campaign(template, number, seed, tell=tell)
    for line in tally.lines():
        print(line)
    print(f"{time.monotonic() - began:.0f} s")
    return int(bool(tally.faults))
