"""Run the benchmarks: python -m benchmarks [name ...] [--quick] [--full] [--write]."""

import argparse
import importlib
import os

import torch

from benchmarks import speed_chart, speed_page
from benchmarks.case import Case, Limit
from benchmarks.recorded import keep, keep_limits

# Imported when asked for: one benchmark should not pay for the packages of another.
BENCHMARKS = {
    "sweep": "benchmarks.sweep_speed",
    "scaling": "benchmarks.sweep_scaling",
    "memory": "benchmarks.sweep_memory",
    "images": "benchmarks.decode_once",
    "features": "benchmarks.features_speed",
    "audit": "benchmarks.audit_speed",
    "cam": "benchmarks.cam_speed",
    "scorecam": "benchmarks.scorecam_speed",
    "concepts": "benchmarks.clip_speed",
    "lime": "benchmarks.lime_speed",
    "engine": "benchmarks.engine_speed",
    "dissect": "benchmarks.dissect_speed",
    "faithfulness": "benchmarks.faithfulness_speed",
    "crp": "benchmarks.crp_speed",
    "lrp": "benchmarks.lrp_speed",
    "attention": "benchmarks.attention_speed",
    "costs": "benchmarks.costs",
    "imports": "benchmarks.imports",
    "plan": "benchmarks.plan_speed",
    "finders": "benchmarks.finders_speed",
    "effects": "benchmarks.effects_speed",
    "atlas": "benchmarks.atlas_browser",
    "default": "benchmarks.default_run",
    "validity": "benchmarks.validity",
}
LONG = "validity"  # takes hours, and says nothing of speed: by its name alone
# What a benchmark is asked for besides how long it may take.
OPTIONS = {"validity": ("simulations", "only"), "costs": ("write",), "imports": ("write",)}


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmarks that are named, or all but that of validity."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all but {LONG} by default"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that they run, not how fast")
    parser.add_argument("--full", action="store_true", help="nothing extrapolated that can be run; takes many minutes")
    parser.add_argument("--write", action="store_true", help="write docs/speed.md, its tables and charts, and README")
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch (default 2)")
    parser.add_argument("--simulations", type=int, help="of each row of validity (default 2000)")
    parser.add_argument("--only", metavar="TOPIC", help="of validity")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark '{unknown[0]}'; there are {', '.join(BENCHMARKS)}")
    if chosen.write and chosen.quick:
        parser.error("--write is of sizes that say how fast: not with --quick")
    torch.set_num_threads(chosen.threads)
    print(f"{os.cpu_count()} cores, {chosen.threads} threads, load {os.getloadavg()[0]:.1f} over the last minute")
    found: list[Case] = []
    limits: list[Limit] = []
    for name in chosen.names or [name for name in BENCHMARKS if name != LONG]:
        more = {option: getattr(chosen, option) for option in OPTIONS.get(name, ())}
        rows = importlib.import_module(BENCHMARKS[name]).run(chosen.quick, chosen.full, **more) or []
        found += [row for row in rows if isinstance(row, Case)]
        limits += [row for row in rows if isinstance(row, Limit)]
        if chosen.write:  # each at once, so that a later one that fails takes nothing with it
            keep([case for case in found if case.benchmark == name])
            keep_limits([limit for limit in limits if limit.benchmark == name])
    for table in (speed_page.printed(found), speed_page.printed_limits(limits)):
        if table:
            print(f"\n{table}")
    if chosen.write:
        speed_page.write()
        speed_chart.draw()


if __name__ == "__main__":
    main()
