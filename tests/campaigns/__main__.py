"""Run a campaign: ``python -m tests.campaigns images --number 5000 --seed 0``."""

import argparse
import importlib
import tempfile
import time
from pathlib import Path

from tests.campaigns.harness import bad, counts, outcomes

ACCIDENTS = ("kills", "accidents")
NAMES = ("configurations", "tables", "images", "checkpoints", "polygons")
SLICE = 250


def main() -> int:
    """Print the counts, and every input that ended in anything but success or one sentence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaign", choices=(*NAMES, *ACCIDENTS))
    parser.add_argument("--number", type=int, default=500, help="inputs, or kills")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--plain", action="store_true", help="run accidents with Python as it is: each job imports torch"
    )
    parser.add_argument("--said", action="store_true", help="print what every input ended in")
    asked = parser.parse_args()
    if asked.campaign in ACCIDENTS:
        with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
            accidents = importlib.import_module(f"tests.campaigns.{asked.campaign}")
            return accidents.main(asked.number, asked.seed, Path(folder), asked.plain)
    campaign = importlib.import_module(f"tests.campaigns.{asked.campaign}").CAMPAIGN
    started, found = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        for first in range(asked.first, asked.first + asked.number, SLICE):
            numbers = range(first, min(first + SLICE, asked.first + asked.number))
            slice_ = outcomes(campaign, numbers, asked.seed, Path(folder))
            found += slice_
            for each in slice_ if asked.said else bad(slice_):
                print(f"{each.number} {each.kind} {each.seconds} s {each.bytes >> 20} MiB: {each.what}\n{each.words}\n")
    counted = ", ".join(f"{number} {kind}" for kind, number in counts(found).items())
    slowest, largest = max(each.seconds for each in found), max(each.bytes for each in found)
    print(
        f"{asked.campaign}: {len(found)} inputs of seed {asked.seed} in {time.monotonic() - started:.0f} s: {counted}; "
        f"longest {slowest:.1f} s, most memory {largest >> 20} MiB"
    )
    return int(bool(bad(found)))


if __name__ == "__main__":
    raise SystemExit(main())
