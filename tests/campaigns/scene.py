"""Where accidents happen, and what became of one."""

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaigns.judged import Said, said_of
from tests.campaigns.runs import Place, Reference

APART = ("report.", "experiments")  # made after a failure of what is there


@dataclass
class Happened:
    """What an accident did.

    Attributes
    ----------
    accident, point
        Which, and where or how much.
    said
        What the user was told.
    faults
        What was wrong with the results, while the cause was there and after the run without it.
    """

    accident: str
    point: str
    said: Said
    faults: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Say it."""
        return f"{self.accident} {self.point}: {self.said.line()}; {self.faults or 'nothing wrong with the results'}"


@dataclass
class Scene:
    """Where accidents happen.

    Attributes
    ----------
    template
        What is run: copies of it.
    reference
        What it leaves without an accident.
    draw
        Gives the moments.
    seconds
        About how long a run takes.
    folder
        Where the copies lie.
    """

    template: Place
    reference: Reference
    draw: random.Random
    seconds: float
    folder: Path
    copies: int = 0

    def place(self) -> Place:
        """Return a fresh copy."""
        self.copies += 1
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.template.copy(self.folder / str(self.copies))

    def between(self, place: Place, accident: str, point: str) -> Happened:
        """Say what was told while the cause is there; nothing half-written may be there."""
        found, _ = self.reference.faults(place.results, finished=False)
        found = [each for each in found if not each.removeprefix("provenance/").startswith(APART)]
        return Happened(accident, point, said_of(place.words()), found)

    def after(self, place: Place, happened: Happened) -> Happened:
        """Resume without the cause, compare, and clear up."""
        place = place.with_terminal("after.txt")
        status = place.run()
        happened.faults += self.reference.faults(place.results, finished=True)[0]
        if status != 0:
            happened.faults.append(f"resumed, it ended with {status}: {place.words()[-2000:]}")
        if not happened.faults:
            shutil.rmtree(place.folder, ignore_errors=True)
        return happened
