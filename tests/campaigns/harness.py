"""Many made inputs, each used in a child with limits, and what became of it.

A child takes one input after the other in a folder of its own, and tells its parent of each. An input that takes
longer than `SECONDS` of processor time, or `PATIENCE` times as long by the clock, costs the child its life, and the
parent forks another for the rest; memory is limited to `BYTES` above what the child had before. What is watched beside
the answer: files written outside the folder, processes started, connections opened (by an audit hook of Python), and a
file that only code inside an input would make.
"""

import json
import os
import random
import resource
import select
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lucidag.ground.errors import InputError

SECONDS = 10.0
PATIENCE = 12.0  # of a machine with other work
BYTES = 2 * 2**30
LONGEST = 2000  # characters of a sentence
CANARY = "canary"  # made by nothing but code inside an input
GOOD = ("used", "refused")


@dataclass(frozen=True)
class Campaign:
    """What is made, and how it is used.

    Attributes
    ----------
    make
        Writes an input into the working folder by the numbers of a generator, and says what it is.
    use
        Does with it what the project does; raises `InputError` where it is refused.
    sentences
        Whether one input may have several mistakes, each told in a line of its own that starts with its file.
    """

    name: str
    make: Callable[[random.Random], str]
    use: Callable[[], None]
    sentences: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of an input: ``used``, ``refused``, or what went wrong, with the words and the cost of it."""

    number: int
    kind: str
    what: str
    words: str = ""
    seconds: float = 0.0
    bytes: int = 0


def outcomes(campaign: Campaign, numbers: Sequence[int], seed: int, folder: Path) -> list[Outcome]:
    """Use the inputs of these numbers, and tell what became of each; the same seed and number make the same input."""
    found: list[Outcome] = []
    while len(found) < len(numbers):
        found += _by_a_child(campaign, numbers[len(found) :], seed, folder)
    return found


def counts(found: Sequence[Outcome]) -> dict[str, int]:
    """Count outcomes by kind, the good ones first."""
    number = Counter(each.kind for each in found)
    return {kind: number[kind] for kind in (*GOOD, *sorted(set(number) - set(GOOD)))}


def bad(found: Sequence[Outcome]) -> list[Outcome]:
    """Return what is neither used nor refused in one sentence."""
    return [each for each in found if each.kind not in GOOD]


def _by_a_child(campaign: Campaign, numbers: Sequence[int], seed: int, folder: Path) -> list[Outcome]:
    """Fork for inputs until all are done or one costs the child its life."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        with suppress(BaseException):
            _work(campaign, numbers, seed, folder, writing)
            code = 0
        os._exit(code)
    os.close(writing)
    found, told = [], dict[str, Any]()
    for told in _lines(reading, child):
        if "kind" in told:
            found.append(Outcome(**told))
    os.close(reading)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if len(found) < len(numbers):
        slow = told.get("late", False)
        kind = "hang" if slow else "killed"
        found.append(Outcome(numbers[len(found)], kind, told.get("what", ""), "" if slow else f"status {code}"))
    return found


def _lines(reading: int, child: int) -> Iterator[dict[str, Any]]:
    """Yield what a child tells, until it ends or is late."""
    left, last = b"", dict[str, Any]()
    heard, worked = time.monotonic(), _worked(child)
    while True:
        ready, _, _ = select.select([reading], [], [], SECONDS / 10)
        if not ready:
            if _worked(child) - worked > SECONDS + 1 or time.monotonic() - heard > PATIENCE * SECONDS:
                yield {**last, "late": True} if "kind" not in last else {"late": True}
                return
            continue
        heard, worked = time.monotonic(), _worked(child)
        part = os.read(reading, 65536)
        if not part:
            return
        *whole, left = (left + part).split(b"\n")
        for line in whole:
            last = json.loads(line)
            yield last


def _worked(child: int) -> float:
    """Return the seconds that processors have worked for a child."""
    words = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _work(campaign: Campaign, numbers: Sequence[int], seed: int, folder: Path, writing: int) -> None:
    """Make and use inputs in a folder; this is the child."""
    warnings.simplefilter("ignore")
    sys.dont_write_bytecode = True
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    place = folder / "input"
    watch = _Watch(place)
    sys.addaudithook(watch)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in numbers:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        os.chdir(place)
        rng = random.Random(f"{campaign.name}/{seed}/{number}")
        what = campaign.make(rng)
        os.write(writing, json.dumps({"number": number, "what": what}).encode() + b"\n")
        outcome = _used(campaign, number, what, watch, folder)
        os.write(writing, json.dumps(asdict(outcome)).encode() + b"\n")


def _used(campaign: Campaign, number: int, what: str, watch: "_Watch", folder: Path) -> Outcome:
    Path("/proc/self/clear_refs").write_text("5")  # the highest so far is what there is now
    before = _memory("VmRSS")
    _limit(_memory("VmSize") + BYTES)
    started = time.process_time()
    watch.armed = True
    kind, words = "used", ""
    try:
        campaign.use()
    except InputError as error:
        kind, words = _judged(str(error), campaign.sentences), str(error)
    except MemoryError:
        kind, words = "memory", traceback.format_exc(limit=-3)
    except BaseException:
        kind, words = "traceback", traceback.format_exc(limit=-6)
    finally:
        watch.armed = False
        _limit(resource.RLIM_INFINITY)
    seconds, peak = time.process_time() - started, _memory("VmHWM") - before
    if seconds > SECONDS:
        kind = "slow"
    elif peak > BYTES:
        kind = "memory"
    if watch.seen or (folder / CANARY).exists():
        kind, words = "escape", f"{watch.seen} {words}"
        watch.seen = []
        (folder / CANARY).unlink(missing_ok=True)
    return Outcome(number, kind, what, words[:2000], round(seconds, 3), peak)


def _judged(sentence: str, several: bool) -> str:
    lines = sentence.split("\n")
    if any(len(line) > LONGEST for line in lines):
        return "long"
    told = all(line.startswith("input.yaml: ") for line in lines) if several else len(lines) == 1
    clean = all(character.isprintable() for line in lines for character in line)
    return "refused" if told and clean and sentence.strip() else "lines"


def _memory(key: str) -> int:
    """Return bytes that the system counts of this process."""
    text = Path("/proc/self/status").read_text()
    return int(text.split(f"{key}:")[1].split()[0]) * 1024


def _limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))


class _Watch:
    """Hears of what Python does while an input is used: writing elsewhere, starting processes, connecting."""

    RUNS = ("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "pty.spawn")
    FILES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.truncate")

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.armed = False
        self.seen: list[str] = []

    def __call__(self, event: str, values: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event in self.RUNS or event == "socket.connect":
            self.seen.append(f"{event} {values[:1]}"[:200])
        elif event in self.FILES or (event == "open" and _writes(values)):
            path = os.path.abspath(os.fsdecode(values[0])) if not isinstance(values[0], int) else ""  # noqa: PTH100
            if path and not path.startswith((self.folder + os.sep, "/dev/null")):
                self.seen.append(f"{event} {path}"[:200])


def _writes(values: tuple[Any, ...]) -> bool:
    mode, flags = values[1], values[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
